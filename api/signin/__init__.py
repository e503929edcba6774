"""How staff are known: the council's identity provider, over OpenID Connect.

Read `provider` first.
"""
