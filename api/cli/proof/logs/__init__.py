"""What can be asked of the custody log: each of `custos log ...` in a module of its own."""
