"""Cameras: the council's register of them, and which of them may have seen a place at a time.

Read `cameras` first, then the way of a list: `lists`, `differences`, and `register`, which writes.
What a stranger is told of cameras is `public` and `coverage`.
"""
