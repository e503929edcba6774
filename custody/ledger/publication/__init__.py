"""How the log leaves the house: what is published of it, where, and the checkpoints over it.

Read `checkpoints` first: the order of what is done stands there.
"""
