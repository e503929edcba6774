"""What leaves the house: messages to one person each."""
