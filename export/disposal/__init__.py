"""The end of an exhibit: proposed by one, approved by another, done by a job, and certified.

Read `disposals` first.
"""
