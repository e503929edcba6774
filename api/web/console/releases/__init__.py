"""Releases on the pages of staff: proposed, decided, followed.

Read `pages` first.
"""
