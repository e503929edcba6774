"""What can be configured, each thing read once; every default is a demonstration.

Read `facts` first; `production` is the one place that knows what production must not run with.
"""
