"""What is known of a person, found and erased: asked for by one, approved by another.

Read `erasures` first.
"""
