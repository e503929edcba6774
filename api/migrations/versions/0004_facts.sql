-- What people state of an exhibit is one description, as the ledger commits to it.
ALTER TABLE exhibit
    ADD COLUMN description JSONB NOT NULL,
    DROP COLUMN clock,
    DROP COLUMN taken_in;

-- What was approved before an exhibit was corrected is kept beside the release.
CREATE TABLE earlier_approval (
    release UUID NOT NULL REFERENCES release (id),
    number INTEGER NOT NULL,
    approved_by UUID NOT NULL REFERENCES person (id),
    approved_at TIMESTAMP WITH TIME ZONE NOT NULL,
    reason VARCHAR NOT NULL,
    undone_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (release, number)
);
GRANT SELECT, INSERT ON earlier_approval TO {app};

-- A sealed release whose exhibit was corrected afterwards states another version.
ALTER TABLE release_exhibit ADD COLUMN corrected_at TIMESTAMP WITH TIME ZONE;
