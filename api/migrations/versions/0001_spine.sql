-- The tables of the first version. Who may do what with them: 0001_rights.sql.

CREATE TABLE attention (
    subject UUID NOT NULL,
    job TEXT NOT NULL,
    words TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (subject, job)
);

CREATE TABLE custody_record (
    id UUID NOT NULL,
    kind TEXT NOT NULL,
    next_n INTEGER NOT NULL,
    head TEXT NOT NULL,
    PRIMARY KEY (id)
);

CREATE TABLE exhibit_counter (
    initials TEXT NOT NULL,
    highest INTEGER NOT NULL,
    PRIMARY KEY (initials)
);

CREATE TABLE log_checkpoint (
    size BIGINT NOT NULL,
    note BYTEA NOT NULL,
    PRIMARY KEY (size)
);

CREATE TABLE log_node (
    level INTEGER NOT NULL,
    index BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    PRIMARY KEY (level, index)
);

CREATE TABLE log_root (
    size BIGINT NOT NULL,
    root BYTEA NOT NULL,
    PRIMARY KEY (size)
);

CREATE TABLE log_stamp (
    size BIGINT NOT NULL,
    tsr BYTEA NOT NULL,
    authority TEXT NOT NULL,
    stamped_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (size)
);

CREATE TABLE log_state (
    id INTEGER NOT NULL CHECK (id = 1),
    size BIGINT NOT NULL,
    root BYTEA NOT NULL,
    beat TIMESTAMP WITH TIME ZONE,
    alarm TEXT NOT NULL,
    PRIMARY KEY (id)
);

CREATE TABLE custody_event (
    id UUID NOT NULL,
    seq BIGINT GENERATED ALWAYS AS IDENTITY,
    record UUID NOT NULL,
    n INTEGER NOT NULL,
    event TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    entry BYTEA NOT NULL,
    mac BYTEA NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (record, n),
    UNIQUE (seq),
    FOREIGN KEY(record) REFERENCES custody_record (id)
);

CREATE TABLE person (
    id UUID NOT NULL,
    name TEXT NOT NULL,
    email TEXT NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(id) REFERENCES custody_record (id)
);

CREATE TABLE record_key (
    record UUID NOT NULL,
    wrapped BYTEA NOT NULL,
    PRIMARY KEY (record),
    FOREIGN KEY(record) REFERENCES custody_record (id)
);

CREATE TABLE api_token (
    sha256 TEXT NOT NULL,
    person UUID NOT NULL,
    roles TEXT[] NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    revoked_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (sha256),
    FOREIGN KEY(person) REFERENCES person (id)
);

CREATE TABLE custody_outbox (
    event UUID NOT NULL,
    PRIMARY KEY (event),
    FOREIGN KEY(event) REFERENCES custody_event (id)
);

CREATE TABLE custody_value (
    event UUID NOT NULL,
    field TEXT NOT NULL,
    value TEXT NOT NULL,
    key_record UUID NOT NULL,
    PRIMARY KEY (event, field),
    FOREIGN KEY(event) REFERENCES custody_event (id),
    FOREIGN KEY(key_record) REFERENCES custody_record (id)
);

CREATE TABLE exhibit (
    id UUID NOT NULL,
    reference TEXT NOT NULL,
    title TEXT NOT NULL,
    camera TEXT NOT NULL,
    displayed_start TEXT NOT NULL,
    displayed_end TEXT NOT NULL,
    corrected_start TIMESTAMP WITH TIME ZONE NOT NULL,
    corrected_end TIMESTAMP WITH TIME ZONE NOT NULL,
    clock JSONB NOT NULL,
    taken_in JSONB NOT NULL,
    state TEXT NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE NOT NULL,
    received_event UUID NOT NULL,
    facts JSONB NOT NULL,
    findings JSONB NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(id) REFERENCES custody_record (id),
    UNIQUE (reference),
    FOREIGN KEY(received_event) REFERENCES custody_event (id)
);

CREATE TABLE log_entry (
    index BIGINT NOT NULL,
    event UUID NOT NULL,
    entry BYTEA NOT NULL,
    PRIMARY KEY (index),
    UNIQUE (event),
    FOREIGN KEY(event) REFERENCES custody_event (id)
);

CREATE TABLE release (
    id UUID NOT NULL,
    urn TEXT NOT NULL,
    number INTEGER NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    recipient UUID NOT NULL,
    organisation TEXT NOT NULL,
    purpose TEXT NOT NULL,
    basis TEXT NOT NULL,
    with_master BOOLEAN NOT NULL,
    proposed_by UUID NOT NULL,
    proposed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    approved_by UUID,
    approved_at TIMESTAMP WITH TIME ZONE,
    reason TEXT NOT NULL,
    collected_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (id),
    UNIQUE (urn, number),
    FOREIGN KEY(id) REFERENCES custody_record (id),
    FOREIGN KEY(recipient) REFERENCES person (id),
    FOREIGN KEY(proposed_by) REFERENCES person (id),
    FOREIGN KEY(approved_by) REFERENCES person (id)
);

CREATE TABLE exhibit_file (
    bucket TEXT NOT NULL,
    key TEXT NOT NULL,
    version TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    id UUID NOT NULL,
    exhibit UUID NOT NULL,
    kind TEXT NOT NULL,
    position INTEGER NOT NULL,
    name TEXT NOT NULL,
    original_name TEXT NOT NULL,
    size BIGINT NOT NULL,
    crc32 BIGINT NOT NULL,
    stored_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (exhibit, name),
    FOREIGN KEY(exhibit) REFERENCES exhibit (id)
);

CREATE INDEX ix_exhibit_file_exhibit ON exhibit_file (exhibit);

CREATE TABLE release_exhibit (
    release UUID NOT NULL,
    exhibit UUID NOT NULL,
    PRIMARY KEY (release, exhibit),
    FOREIGN KEY(release) REFERENCES release (id),
    FOREIGN KEY(exhibit) REFERENCES exhibit (id)
);

CREATE TABLE seal_file (
    release UUID NOT NULL,
    path TEXT NOT NULL,
    data BYTEA NOT NULL,
    PRIMARY KEY (release, path),
    FOREIGN KEY(release) REFERENCES release (id)
);

CREATE TABLE seal_step (
    release UUID NOT NULL,
    step TEXT NOT NULL,
    done_at TIMESTAMP WITH TIME ZONE NOT NULL,
    facts JSONB NOT NULL,
    PRIMARY KEY (release, step),
    FOREIGN KEY(release) REFERENCES release (id)
);

CREATE TABLE upload (
    bucket TEXT NOT NULL,
    key TEXT NOT NULL,
    version TEXT NOT NULL,
    size BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    crc32 BIGINT NOT NULL,
    id UUID NOT NULL,
    stored_at TIMESTAMP WITH TIME ZONE NOT NULL,
    exhibit UUID,
    PRIMARY KEY (id),
    FOREIGN KEY(exhibit) REFERENCES exhibit (id)
);

-- The empty tree: SHA-256 of nothing (RFC 6962, section 2.1).
INSERT INTO log_state (id, size, root, beat, alarm)
VALUES (1, 0, '\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', NULL, '');
