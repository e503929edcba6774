"""What the database tells of each record, to be held against the ledger. The door is `claims`.

* `exhibits`, `requests`, `holds`, `people`, `cameras`: one reader each, of what the rows say. What
  they say of releases is much: it has a room of its own, `leaving`.
* `fees`: what is owed and paid for requests, and what differs from the payment provider.
* `roles`: who may act as what, and by which tokens, which is no record's own history.
* `rows`: how all of them read, in batches.
"""
