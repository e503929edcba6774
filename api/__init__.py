"""The edges: HTTP, command line, worker. Edges own the transaction, and no rule of evidence."""
