-- Null: nobody has put it into a class, or set a day; then the council's default holds.
ALTER TABLE exhibit ADD COLUMN retention_class text, ADD COLUMN review_due_at timestamptz;
CREATE INDEX exhibit_review_due ON exhibit (review_due_at);
CREATE INDEX exhibit_never_reviewed ON exhibit (received_at) WHERE review_due_at IS NULL;
