"""Calls of finance's own systems. Read `accounts`."""
