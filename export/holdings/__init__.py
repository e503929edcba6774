"""An exhibit's files: masters, copies, holds, stamps, views, and whether they are still whole.

Read `files` first.
"""
