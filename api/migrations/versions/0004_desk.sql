-- A proposal that was edited is withdrawn, and one release takes its place.
ALTER TABLE release ADD COLUMN replaces uuid UNIQUE REFERENCES release (id);
