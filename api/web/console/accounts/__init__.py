"""Finance's pages about firms that pay monthly: their accounts, and the statement of each month.

Read `pages` first.
"""
