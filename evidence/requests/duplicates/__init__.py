"""Requests that ask for the same twice: found, shown, and charged once.

Read `likeness` first: it says what makes two requests alike.
"""
