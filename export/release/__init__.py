"""What goes to whom, on whose decision: proposals, contents, and one state machine.

Read `states` first.
"""
