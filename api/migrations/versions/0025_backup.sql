-- What the store calls a version since it came back from a backup; a restore writes it.
CREATE TABLE restored_object (
    bucket TEXT NOT NULL,
    key TEXT NOT NULL,
    version TEXT NOT NULL,
    now TEXT NOT NULL,
    restored_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (bucket, key, version)
);
GRANT SELECT, INSERT, UPDATE ON restored_object TO {app};
