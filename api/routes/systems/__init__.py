"""Calls of machines outside: what claims systems submit, and follow. Read `filings` first."""
