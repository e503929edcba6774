"""What providers tell us of by themselves: each call proves who makes it, and is a hint to ask."""
