"""Calls of the staff: what they do about a request, and what they count. Read `decisions`."""
