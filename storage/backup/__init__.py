"""What a backup consists of, as files: the database's dump, and objects by their digest."""
