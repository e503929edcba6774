"""Pages: the console for staff, and the path of a recipient. GOV.UK Design System patterns."""
