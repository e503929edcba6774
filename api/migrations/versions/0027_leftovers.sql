-- The last answer of whoever reads a mailbox: whether they want to be asked.
CREATE INDEX feedback_person ON feedback (person, at);
