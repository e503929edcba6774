"""What people read in a package: its index, and how to check it by hand.

Read `readme` first.
"""
