"""The register of cameras for staff: looked through, marked, and changed by a council's list.

Read `pages` first.
"""
