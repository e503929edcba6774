"""Speeds as ratios against the bare tools, taken in one run: `make bench`."""
