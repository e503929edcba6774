"""Verifies a package without trusting us, our server or our software.

Read `verify` first.
"""
