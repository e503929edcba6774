"""A town that has used Custos for years: made in minutes, and what it costs to look through it."""
