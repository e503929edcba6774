"""An approved release becomes a package, step by step, each done once.

Read `sealing` first.
"""
