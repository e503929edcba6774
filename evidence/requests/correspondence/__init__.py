"""Messages on a request, both ways: what the staff write, what whoever asked answers.

Read `messages` first.
"""
