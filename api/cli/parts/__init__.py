"""Parts of the commands that are larger than one file: each is called by its command alone.

`additions` and `corrections` belong to `custos exhibit`, `proposals` and `departures` to
`custos release`, `showcase` to `custos demo`.
"""
