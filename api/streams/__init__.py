"""Bytes that leave over HTTP: one way to answer a request for a stored object.

Read `answers` first.
"""
