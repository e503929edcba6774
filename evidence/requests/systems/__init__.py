"""Claims systems: machines by which organisations ask, and follow what they asked for.

Read `requesters` first: it says whose machine a token is.
"""
