"""Exhibits on the pages of staff: the list, one exhibit, watching it.

Read `pages` first.
"""
