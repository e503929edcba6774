"""A release until a second person looks at it: chosen, checked, submitted, taken back.

Read `submissions` first. What a proposal says stands in `export.release.proposals`, and which files
it comes to in `export.release.contents`: others read them too.
"""
