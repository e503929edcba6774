-- Who said of a letter that nobody needs to look at it any more; what became of it stays as it is.
ALTER TABLE message
    ADD COLUMN settled_by uuid REFERENCES person (id),
    ADD COLUMN settled_at timestamptz;
