"""What requests may take of the house: how many at once, how large, how slow, how long.

Read `guard` first: it stands before every route. `bodies` is how it receives, and `lanes` is where
routes send work that is slow.
"""
