-- Sign-in, resumable uploads, views of footage, legal holds, links and what becomes of them.

-- Staff are known by issuer and subject of the identity provider, never by an address.
ALTER TABLE person ADD COLUMN issuer TEXT;
ALTER TABLE person ADD COLUMN subject TEXT;
ALTER TABLE person ADD COLUMN roles TEXT[] NOT NULL DEFAULT '{}';
ALTER TABLE person ADD UNIQUE (issuer, subject);

CREATE TABLE staff_session (
    sha256 TEXT NOT NULL,
    person UUID NOT NULL REFERENCES person (id),
    roles TEXT[] NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE NOT NULL,
    seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (sha256)
);

CREATE TABLE legal_hold (
    id UUID NOT NULL,
    exhibit UUID NOT NULL REFERENCES exhibit (id),
    placed_by UUID NOT NULL REFERENCES person (id),
    placed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    reason TEXT NOT NULL,
    lifted_by UUID REFERENCES person (id),
    lifted_at TIMESTAMP WITH TIME ZONE,
    lifted_reason TEXT NOT NULL,
    -- When the store was seen to do what this row says; null: not yet.
    settled_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (id)
);
CREATE INDEX legal_hold_exhibit ON legal_hold (exhibit);
CREATE UNIQUE INDEX legal_hold_open ON legal_hold (exhibit) WHERE lifted_at IS NULL;

ALTER TABLE upload ADD COLUMN scan TEXT NOT NULL DEFAULT 'not scanned';

CREATE TABLE resumable_upload (
    id UUID NOT NULL,
    person UUID NOT NULL REFERENCES person (id),
    name TEXT NOT NULL,
    length BIGINT NOT NULL,
    received BIGINT NOT NULL,
    state TEXT NOT NULL,
    words TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    upload UUID REFERENCES upload (id),
    PRIMARY KEY (id)
);

CREATE TABLE resumable_segment (
    resumable UUID NOT NULL REFERENCES resumable_upload (id) ON DELETE CASCADE,
    start BIGINT NOT NULL,
    length BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    PRIMARY KEY (resumable, start)
);

CREATE TABLE viewing (
    id UUID NOT NULL,
    exhibit UUID NOT NULL REFERENCES exhibit (id),
    file UUID NOT NULL REFERENCES exhibit_file (id),
    person UUID NOT NULL REFERENCES person (id),
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX viewing_exhibit ON viewing (exhibit);

ALTER TABLE release ADD COLUMN delivery TEXT NOT NULL DEFAULT 'none';
ALTER TABLE release ADD COLUMN urgent BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE release ADD COLUMN link_days INTEGER NOT NULL DEFAULT 14;
ALTER TABLE release ADD COLUMN seconded_by UUID REFERENCES person (id);
ALTER TABLE release ADD COLUMN seconded_at TIMESTAMP WITH TIME ZONE;
ALTER TABLE release ADD COLUMN seconded_reason TEXT NOT NULL DEFAULT '';
ALTER TABLE release ADD COLUMN ended_by UUID REFERENCES person (id);
ALTER TABLE release ADD COLUMN ended_at TIMESTAMP WITH TIME ZONE;
ALTER TABLE release ADD COLUMN ended_reason TEXT NOT NULL DEFAULT '';
-- Who of the staff took the package out of the house first, and when.
ALTER TABLE release ADD COLUMN taken_by UUID REFERENCES person (id);
ALTER TABLE release ADD COLUMN taken_at TIMESTAMP WITH TIME ZONE;
CREATE INDEX release_proposed_at ON release (proposed_at DESC);

-- The files that the proposer chose by name; none: every file of the kinds that go by default.
CREATE TABLE release_file (
    release UUID NOT NULL REFERENCES release (id),
    file UUID NOT NULL REFERENCES exhibit_file (id),
    PRIMARY KEY (release, file)
);

CREATE TABLE link (
    id UUID NOT NULL,
    release UUID NOT NULL REFERENCES release (id),
    number INTEGER NOT NULL,
    token_sha256 TEXT NOT NULL UNIQUE,
    issued_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    downloads_allowed INTEGER NOT NULL,
    revoked_at TIMESTAMP WITH TIME ZONE,
    expired_at TIMESTAMP WITH TIME ZONE,
    warned_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (id),
    UNIQUE (release, number)
);

-- What stands before every token, good or not: codes, attempts and locks are counted alike.
CREATE TABLE gate (
    token_sha256 TEXT NOT NULL,
    seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
    asks TIMESTAMP WITH TIME ZONE[] NOT NULL,
    window_at TIMESTAMP WITH TIME ZONE,
    refused INTEGER NOT NULL,
    refused_event_at TIMESTAMP WITH TIME ZONE,
    locked_until TIMESTAMP WITH TIME ZONE,
    code_hmac BYTEA,
    code_expires_at TIMESTAMP WITH TIME ZONE,
    attempts INTEGER NOT NULL,
    PRIMARY KEY (token_sha256)
);

CREATE TABLE collection (
    id UUID NOT NULL,
    secret_sha256 TEXT NOT NULL UNIQUE,
    link UUID NOT NULL REFERENCES link (id),
    started_at TIMESTAMP WITH TIME ZONE NOT NULL,
    seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
    terms_sha256 TEXT NOT NULL,
    terms_at TIMESTAMP WITH TIME ZONE,
    ended_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (id)
);
CREATE INDEX collection_link ON collection (link);

CREATE TABLE download (
    id UUID NOT NULL,
    collection UUID NOT NULL REFERENCES collection (id),
    link UUID NOT NULL REFERENCES link (id),
    authorised_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX download_link ON download (link);

CREATE TABLE receipt (
    collection UUID NOT NULL REFERENCES collection (id),
    sha256 TEXT NOT NULL,
    confirmed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (collection)
);

CREATE TABLE message (
    id UUID NOT NULL,
    once TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    person UUID NOT NULL REFERENCES person (id),
    about UUID NOT NULL,
    state TEXT NOT NULL,
    sealed BYTEA,
    queued_at TIMESTAMP WITH TIME ZONE NOT NULL,
    sent_at TIMESTAMP WITH TIME ZONE,
    reference TEXT NOT NULL,
    words TEXT NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX message_about ON message (about);

CREATE TABLE handoff (
    id UUID NOT NULL,
    release UUID NOT NULL REFERENCES release (id),
    person UUID NOT NULL REFERENCES person (id),
    system TEXT NOT NULL,
    reference TEXT NOT NULL,
    acceptance TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (id)
);

-- How a working copy compares with its master, in one sentence.
ALTER TABLE exhibit_file ADD COLUMN words TEXT NOT NULL DEFAULT '';

-- What people search by: no page reads every exhibit, or every event.
CREATE INDEX exhibit_received ON exhibit (received_at, id);
CREATE INDEX exhibit_recorded ON exhibit (corrected_start);
CREATE INDEX exhibit_state ON exhibit (state, received_at);
CREATE INDEX exhibit_reference ON exhibit (reference text_pattern_ops);
CREATE INDEX exhibit_camera ON exhibit (lower(camera) text_pattern_ops);
CREATE INDEX exhibit_title ON exhibit USING gin (to_tsvector('simple', title));
CREATE INDEX exhibit_file_sha256 ON exhibit_file (sha256);
CREATE INDEX upload_exhibit ON upload (exhibit);
CREATE INDEX release_exhibit_exhibit ON release_exhibit (exhibit);
CREATE INDEX release_state ON release (state, proposed_at);
CREATE INDEX seal_step_sha256 ON seal_step ((facts ->> 'sha256')) WHERE step = 'check';
CREATE INDEX message_state ON message (state, queued_at);
CREATE INDEX custody_event_at ON custody_event (at, seq);
CREATE INDEX custody_event_event ON custody_event (event, at, seq);

GRANT SELECT, INSERT, UPDATE ON
    legal_hold, link, download, receipt, handoff, viewing, release_file TO {app};
-- Done with after a while: none of it is evidence.
GRANT SELECT, INSERT, UPDATE, DELETE ON
    staff_session, resumable_upload, resumable_segment, gate, collection, message TO {app};
