"""What each path asks, page by page: the forms as data. Read `paths` first."""
