"""The recipient's path: a link, a code, terms, the download, the receipt.

Read `gate` first.
"""
