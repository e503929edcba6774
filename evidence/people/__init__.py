"""Who acts: people the ledger knows, their sessions and tokens, and what each role may do.

Read `access` first.
"""
