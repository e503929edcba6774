"""The audit: everything that the ledger stores, computed anew and compared."""
