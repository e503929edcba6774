-- Documents of requests: of a draft until it is sent, and then of the request that it became.
CREATE TABLE request_document (
    id uuid PRIMARY KEY,
    draft text REFERENCES request_draft (secret_sha256) ON DELETE CASCADE,
    request uuid REFERENCES request (id),
    kind text NOT NULL,
    type text NOT NULL,
    size integer NOT NULL,
    sha256 text NOT NULL,
    scan text NOT NULL,
    received_at timestamptz NOT NULL,
    checked_at timestamptz,
    deleted_at timestamptz,
    CHECK ((draft IS NULL) <> (request IS NULL))
);
-- One of each kind, until it is sent.
CREATE UNIQUE INDEX request_document_draft ON request_document (draft, kind)
    WHERE draft IS NOT NULL;
CREATE INDEX request_document_request ON request_document (request);
-- What somebody has to check.
CREATE INDEX request_document_waiting ON request_document (request)
    WHERE checked_at IS NULL AND deleted_at IS NULL;
-- What the clock deletes next.
CREATE INDEX request_document_received ON request_document (received_at)
    WHERE deleted_at IS NULL;
CREATE INDEX request_document_checked ON request_document (checked_at)
    WHERE deleted_at IS NULL AND checked_at IS NOT NULL;
GRANT SELECT, INSERT, UPDATE, DELETE ON request_document TO {app};

-- The bytes, sealed, and the wrapped key: whoever deletes the row destroys both.
CREATE TABLE request_document_bytes (
    document uuid PRIMARY KEY REFERENCES request_document (id) ON DELETE CASCADE,
    wrapped bytea NOT NULL,
    sealed bytea NOT NULL
);
-- It is noise already: nobody need try to make it smaller.
ALTER TABLE request_document_bytes ALTER COLUMN sealed SET STORAGE EXTERNAL;
GRANT SELECT, INSERT, DELETE ON request_document_bytes TO {app};
