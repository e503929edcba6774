"""What becomes of requests, told to the claims systems that made them.

Read `changes` first: every change has its number, and whoever missed some asks for them.
"""
