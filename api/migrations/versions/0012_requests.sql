-- Requests for footage. What somebody asked stands apart, and can be erased.
CREATE TABLE request (
    id uuid PRIMARY KEY REFERENCES custody_record (id),
    urn text NOT NULL UNIQUE,
    path text NOT NULL,
    state text NOT NULL,
    person uuid NOT NULL REFERENCES person (id),
    submitted_at timestamptz NOT NULL,
    overwrite_due_at timestamptz NOT NULL,
    preserved_at timestamptz,
    -- How many warnings were written that nobody preserved it yet.
    warned integer NOT NULL
);
-- The queue: what is overwritten next, in each state.
CREATE INDEX request_queue ON request (state, overwrite_due_at, id);
CREATE INDEX request_due ON request (overwrite_due_at, id);
-- How many came from one mailbox within the hour.
CREATE INDEX request_person ON request (person, submitted_at);
GRANT SELECT, INSERT, UPDATE ON request TO {app};

CREATE TABLE request_facts (
    request uuid PRIMARY KEY REFERENCES request (id),
    facts jsonb NOT NULL
);
GRANT SELECT, INSERT, UPDATE, DELETE ON request_facts TO {app};

-- What was done, as the events say it: added to, and gone when the case is erased.
CREATE TABLE request_step (
    request uuid NOT NULL REFERENCES request (id),
    number integer NOT NULL,
    event text NOT NULL,
    person uuid REFERENCES person (id),
    at timestamptz NOT NULL,
    told jsonb NOT NULL,
    PRIMARY KEY (request, number)
);
GRANT SELECT, INSERT, DELETE ON request_step TO {app};

-- What is being filled in, and who looks after a request: no evidence, deleted after days.
CREATE TABLE request_draft (
    secret_sha256 text PRIMARY KEY,
    path text NOT NULL,
    answers jsonb NOT NULL,
    mailbox text NOT NULL,
    started_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    request uuid REFERENCES request (id),
    corrects uuid REFERENCES request (id)
);
CREATE INDEX request_draft_seen ON request_draft (seen_at);
CREATE TABLE request_visit (
    secret_sha256 text PRIMARY KEY,
    urn text NOT NULL,
    proven_at timestamptz,
    seen_at timestamptz NOT NULL
);
CREATE INDEX request_visit_seen ON request_visit (seen_at);
GRANT SELECT, INSERT, UPDATE, DELETE ON request_draft, request_visit TO {app};

-- A code goes to a mailbox that is nobody's yet.
ALTER TABLE message ALTER COLUMN person DROP NOT NULL;
-- Whose mailbox it is, of those who have none at an identity provider.
CREATE INDEX person_mailbox ON person (email) WHERE issuer IS NULL AND email <> '';
