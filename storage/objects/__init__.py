"""Objects in S3: put once, locked, hashed on the way in, read back by version.

Read `store` first.
"""
