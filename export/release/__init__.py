"""What goes to whom, on whose decision: proposals, contents, and one state machine.

Read `states` first: it draws the machine, and `decisions` moves a release through
it. `proposing` is how one comes to be.
"""
