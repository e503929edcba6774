"""Whether footage helped: what the police, the prosecution and council teams say of a release.

Read `answers` first.
"""
