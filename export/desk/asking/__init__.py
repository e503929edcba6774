"""What organisations are shown of the requests that they made themselves. Read `own` first."""
