"""What the database tells of each record, to be held against the ledger. The door is `claims`.

* `exhibits`, `releases`, `holds`, `people`: one reader each, of what the rows say. What they say of
  releases is much: `departures` and `sealings` are parts of it.
* `fees`: what is owed and paid for requests, and what differs from the payment provider.
* `roles`: who may act as what, and by which tokens, which is no record's own history.
* `rows`: how all of them read, in batches.
"""
