"""The custody ledger measured: against bare INSERTs, and as the log grows."""
