"""How staff come in: the council's identity provider, the pages of signing in, who is here.

Read `staff` first.
"""
