"""Pages that need no account: the first page, help, how to check a package.

Read `start` first.
"""
