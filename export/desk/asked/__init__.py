"""What the control room looks at for a request: which of them wait, and what is preserved already.

Read `queue` first.
"""
