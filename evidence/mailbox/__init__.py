"""One mailbox of one person: its address, the codes that prove it, and any letter to it.

Read `messages` first.
"""
