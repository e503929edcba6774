"""Keys of a council's own: the root that lies offline, a seal key's request, its installation."""
