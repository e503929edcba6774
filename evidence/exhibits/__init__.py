"""Exhibits: their references, clocks, states and custody events.

Read `exhibits` first.
"""
