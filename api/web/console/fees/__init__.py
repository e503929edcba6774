"""Finance's pages: fees, one of them with its payments, giving money back, what differs.

Read `pages` first.
"""
