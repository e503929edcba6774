"""An approved release becomes a package, step by step, each done once.

Read `sealing` first: the table of the steps, which stand in `payload`, `custody`, `seal` and
`archives`. What is done with all of that later stands in `aftercare`.
"""
