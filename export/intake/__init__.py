"""Bytes that arrive: uploads that may break off, the spool, the way into the vault.

Read `arrivals` first.
"""
