"""Documents of a request: consent, identity, authority; checked by one role, soon deleted.

Read `kinds` first: it says which document each path needs.
"""
