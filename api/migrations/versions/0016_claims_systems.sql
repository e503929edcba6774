-- For whom the machines of a mailbox ask: added to, never changed.
CREATE TABLE requester (
    person uuid NOT NULL REFERENCES person (id),
    number integer NOT NULL,
    path text NOT NULL,
    organisation text NOT NULL,
    named_by uuid NOT NULL REFERENCES person (id),
    named_at timestamptz NOT NULL,
    PRIMARY KEY (person, number)
);
GRANT SELECT, INSERT ON requester TO {app};

-- Calls that became a request: made again, they are answered the same.
CREATE TABLE request_filing (
    person uuid NOT NULL REFERENCES person (id),
    key_mac text NOT NULL,
    answers_mac text NOT NULL,
    request uuid NOT NULL REFERENCES request (id),
    filed_at timestamptz NOT NULL,
    PRIMARY KEY (person, key_mac)
);
GRANT SELECT, INSERT, DELETE ON request_filing TO {app};

-- By what a request for the same is found: MACs, computed of what is asked and gone with it.
CREATE TABLE request_likeness (
    request uuid PRIMARY KEY REFERENCES request (id),
    claim_mac text NOT NULL,
    organisation_mac text NOT NULL,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL
);
CREATE INDEX request_likeness_claim ON request_likeness (claim_mac, starts_at)
    WHERE claim_mac <> '';
CREATE INDEX request_likeness_organisation ON request_likeness (organisation_mac, starts_at);
GRANT SELECT, INSERT, UPDATE, DELETE ON request_likeness TO {app};

-- What became of the requests of claims systems, in the order in which they are told of it.
CREATE TABLE request_change (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person uuid NOT NULL REFERENCES person (id),
    request uuid NOT NULL REFERENCES request (id),
    urn text NOT NULL,
    state text NOT NULL,
    at timestamptz NOT NULL,
    number integer,
    UNIQUE (person, number)
);
CREATE INDEX request_change_waiting ON request_change (person, id) WHERE number IS NULL;
GRANT SELECT, INSERT, UPDATE ON request_change TO {app};

-- Where their systems are called, and the last calls.
CREATE TABLE webhook (
    person uuid PRIMARY KEY REFERENCES person (id),
    url text NOT NULL,
    secret_id uuid NOT NULL,
    former_id uuid,
    set_at timestamptz NOT NULL,
    told integer NOT NULL,
    attempts integer NOT NULL,
    failing_since timestamptz,
    next_at timestamptz,
    stopped_at timestamptz
);
CREATE INDEX webhook_next ON webhook (next_at) WHERE next_at IS NOT NULL;
CREATE TABLE webhook_call (
    id uuid PRIMARY KEY,
    person uuid NOT NULL REFERENCES person (id),
    number integer NOT NULL,
    at timestamptz NOT NULL,
    taken boolean NOT NULL,
    words text NOT NULL
);
CREATE INDEX webhook_call_of ON webhook_call (person, at);
GRANT SELECT, INSERT, UPDATE, DELETE ON webhook, webhook_call TO {app};
