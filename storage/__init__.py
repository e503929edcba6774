"""Objects, database, jobs and embedded engines; knows nothing of evidence."""
