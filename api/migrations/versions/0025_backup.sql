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

-- When the files of an exhibit were last read again and found as they were stored.
ALTER TABLE exhibit ADD COLUMN read_at TIMESTAMP WITH TIME ZONE;
UPDATE exhibit SET read_at = found.at
FROM (SELECT record, max(at) AS at FROM custody_event WHERE event = 'integrity.checked' GROUP BY record) found
WHERE found.record = exhibit.id;
CREATE INDEX exhibit_read ON exhibit (coalesce(read_at, received_at), id);
