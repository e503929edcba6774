-- What each night's audit found. What was found never changes: not even by us.
CREATE TABLE log_audit (
    id uuid PRIMARY KEY REFERENCES custody_record (id),
    at timestamptz NOT NULL,
    size bigint NOT NULL,
    root text NOT NULL,
    outcome text NOT NULL,
    failures integer NOT NULL,
    findings jsonb NOT NULL,
    duration_ms bigint NOT NULL
);
CREATE INDEX log_audit_at ON log_audit (at);

-- While the log has stopped nothing is recorded, and the audit runs all the same.
CREATE TABLE log_audit_unrecorded (
    at timestamptz PRIMARY KEY,
    why text NOT NULL,
    size bigint NOT NULL,
    root text NOT NULL,
    outcome text NOT NULL,
    failures integer NOT NULL,
    findings jsonb NOT NULL,
    duration_ms bigint NOT NULL
);

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON log_audit
    FOR EACH STATEMENT EXECUTE FUNCTION custos_refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON log_audit_unrecorded
    FOR EACH STATEMENT EXECUTE FUNCTION custos_refuse_change();
GRANT SELECT, INSERT ON log_audit, log_audit_unrecorded TO {app};

-- People are looked for by their whole name, or by their mailbox (which has its index already).
CREATE INDEX person_name ON person (lower(name));
