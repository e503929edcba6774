"""The hash tree over all entries: roots and proofs, and how it lies in files."""
