-- What the police, the prosecution and council teams say of a release: added to; words can go.
CREATE TABLE feedback (
    release uuid NOT NULL REFERENCES release (id),
    number integer NOT NULL,
    person uuid NOT NULL REFERENCES person (id),
    role text NOT NULL,
    outcome text NOT NULL,
    words text NOT NULL,
    salt text NOT NULL,
    at timestamptz NOT NULL,
    erased_by uuid REFERENCES person (id),
    erased_at timestamptz,
    erased_reason text NOT NULL,
    PRIMARY KEY (release, number)
);
GRANT SELECT, INSERT ON feedback TO {app};
GRANT UPDATE (words, salt, erased_by, erased_at, erased_reason) ON feedback TO {app};

-- What came, left or was paid in a period.
CREATE INDEX request_submitted ON request (submitted_at);
CREATE INDEX release_collected ON release (collected_at) WHERE collected_at IS NOT NULL;
CREATE INDEX fee_paid ON fee (paid_at) WHERE paid_at IS NOT NULL;
CREATE INDEX fee_waived ON fee (waived_at) WHERE waived_at IS NOT NULL;
CREATE INDEX refund_ended ON refund (ended_at) WHERE ended_at IS NOT NULL;
