"""What is personal of requests that have ended, erased when their time is over.

Read `erasures` first.
"""
