"""Bytes that leave over HTTP: the one way to answer a request for a stored object.

Read `answers` first. A route says who may have what; all the rest happens here.
"""
