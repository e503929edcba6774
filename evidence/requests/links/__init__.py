"""What a request is linked to: an incident of the council's own system, clips taken in for it.

Read `links` first.
"""
