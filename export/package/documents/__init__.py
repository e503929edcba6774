"""What people read in a package: its face, and how to check it by hand.

Read `readme` first.
"""
