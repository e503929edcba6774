"""What commands share: how they fail, show progress, wait, and fetch a package.

Read `failures` first.
"""
