"""Events in the database, their way into the log, and what is read back; `ledger` comes first."""
