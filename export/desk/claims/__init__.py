"""What the database tells of each record, to be held against the ledger. The door is `claims`.

* `exhibits`, `releases`, `holds`: one reader each, of what the rows say.
* `roles`: who may act as what, which is no record's own history.
* `rows`: how all of them read, in batches.
"""
