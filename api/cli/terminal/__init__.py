"""What commands share: how they fail, show progress and wait.

Read `failures` first.
"""
