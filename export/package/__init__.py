"""The release package: its layout, its bytes, and its verification."""
