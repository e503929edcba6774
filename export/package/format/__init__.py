"""The release package as bytes: its layout, archive, manifests and records.

Read `layout` first.
"""
