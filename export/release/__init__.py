"""What goes to whom, on whose decision: proposals, contents, and one state machine.

Read `states` first: it draws the machine, and `decisions` alone moves a release through it.
"""
