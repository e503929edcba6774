"""Commands that check what the house says: the log, packages, and what to hold them against."""
