"""The control room's queue of requests, and what is decided about one. Read `pages` first."""
