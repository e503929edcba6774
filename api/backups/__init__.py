"""A whole installation, written away and brought back: what the commands of both names do."""
