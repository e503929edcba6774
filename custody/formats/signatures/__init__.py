"""Keys of signed notes, what each kind of them signs, and who signs with them."""
