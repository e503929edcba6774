"""For how long an exhibit is kept before somebody asks whether it is still needed.

Read `classes` first.
"""
