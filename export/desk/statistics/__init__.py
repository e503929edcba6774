"""Figures about requests, releases and fees that may leave the house: small numbers never do.

Read `suppression` first.
"""
