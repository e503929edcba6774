"""Sealed packages on their way out: links, collections, hand-offs, deadlines.

Read `links` first.
"""
