"""Invoice accounts: firms that pay monthly, their fees on account, the statement of each month.

Read `accounts` first, then `charges` and `statements`; what stands on a statement is in `lines`.
"""
