"""What whoever oversees the record looks at: audits by night, whether it is whole, and extracts.

Read `nightly` first.
"""
