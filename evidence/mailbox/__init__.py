"""One mailbox of one person: its address, the codes that prove it, and letters to it.

Read `messages` first.
"""
