"""What each path asks: forms as data, and what is wrong with an answer. Read `forms` first."""
