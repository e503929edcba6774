"""Stand-ins of the demonstration, which production refuses by name.

Read `standins` first.
"""
