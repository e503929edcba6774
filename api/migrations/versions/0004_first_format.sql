-- What people state of an exhibit is one description, as the ledger commits to it.
ALTER TABLE exhibit
    ADD COLUMN description jsonb NOT NULL,
    DROP COLUMN clock,
    DROP COLUMN taken_in;

-- A legal hold is a custody record of its own.
ALTER TABLE legal_hold ADD FOREIGN KEY (id) REFERENCES custody_record (id);

-- A proposal that was edited is withdrawn, and one release takes its place.
ALTER TABLE release ADD COLUMN replaces uuid UNIQUE REFERENCES release (id);

-- What a person decided about an exhibit, in the words of its event: added to, never changed.
CREATE TABLE exhibit_decision (
    id uuid PRIMARY KEY,
    exhibit uuid NOT NULL REFERENCES exhibit (id),
    event text NOT NULL,
    person uuid NOT NULL REFERENCES person (id),
    at timestamptz NOT NULL,
    reason text NOT NULL
);
CREATE INDEX exhibit_decision_exhibit ON exhibit_decision (exhibit);
GRANT SELECT, INSERT ON exhibit_decision TO {app};
ALTER TABLE exhibit ADD COLUMN examined_before text[] NOT NULL DEFAULT '{}';

-- Files that came by mistake: they stay in the vault as long as they must, and nobody uses them.
ALTER TABLE upload
    ADD COLUMN removed_by uuid REFERENCES person (id),
    ADD COLUMN removed_at timestamptz,
    ADD COLUMN removed_reason text NOT NULL DEFAULT '';

-- What the malware scanner found: the releases that carry it are looked for every minute.
CREATE INDEX upload_infected ON upload (exhibit) WHERE scan LIKE 'found: %';

-- The letters about a release, a page at a time.
CREATE INDEX message_about_queued ON message (about, queued_at, id);
DROP INDEX message_about;

-- What was approved before an exhibit was corrected is kept beside the release.
CREATE TABLE earlier_approval (
    release uuid NOT NULL REFERENCES release (id),
    number integer NOT NULL,
    approved_by uuid NOT NULL REFERENCES person (id),
    approved_at timestamptz NOT NULL,
    reason varchar NOT NULL,
    undone_at timestamptz NOT NULL,
    PRIMARY KEY (release, number)
);
GRANT SELECT, INSERT ON earlier_approval TO {app};

-- A sealed release whose exhibit was corrected afterwards states another version.
ALTER TABLE release_exhibit ADD COLUMN corrected_at timestamptz;
