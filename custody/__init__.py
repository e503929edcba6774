"""The ledger, signatures, timestamps and their verification."""
