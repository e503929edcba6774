"""Lists of requests: a file that becomes as many requests as it has rows, or none at all.

Read `listed` first: it is what a row may say.
"""
