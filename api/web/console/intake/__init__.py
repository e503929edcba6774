"""The pages on which a clip is taken in.

Read `pages` first.
"""
