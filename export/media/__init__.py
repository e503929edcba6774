"""Looking at footage, and making copies of it that anyone can play."""
