"""Cameras, exhibits, clocks, references, fees, and who may do what."""
