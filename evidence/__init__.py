"""Cameras, exhibits, clocks, references, and who may do what."""
