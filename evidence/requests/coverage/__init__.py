"""What the register of cameras says of a request: looked up as it comes in, and kept on record.

Read `findings` first.
"""
