"""SeaweedFS as a child of the service: how it is configured, guarded, started and asked.

Read `server` first.
"""
