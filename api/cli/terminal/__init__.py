"""What commands share: who calls, how they fail, show progress, wait, take in, fetch a package.

Read `caller` first, then `failures`.
"""
