"""What staff look at: the inbox, the story of a release, search, the register, fees.

Read `inbox` first.
"""
