"""How the register is kept: its rows, which are changed and never deleted. Read `rows`."""
