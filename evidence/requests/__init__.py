"""Requests for footage: who asks for what, which clocks run, and how far each has come.

Read `states` first: it is the one table of what may follow what.
"""
