"""Documents of a request, for the one role that checks them. Read `pages` first."""
