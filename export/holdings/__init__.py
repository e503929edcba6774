"""An exhibit's files: masters, copies, holds, stamps, views, and whether they are still whole.

Read `files` first. What is done when work on an exhibit stops stands in `stoppages`.
"""
