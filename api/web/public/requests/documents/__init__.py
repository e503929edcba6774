"""Documents of whoever asks, one a page. Read `pages` first."""
