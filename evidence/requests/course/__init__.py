"""What became of a request in short: what its steps come to, kept beside them to be counted.

Read `course`.
"""
