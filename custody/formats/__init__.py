"""What goes out of the ledger, to the byte: entries, notes, proofs, trust; `entry` comes first."""
