-- Every person of a mailbox, in whatever letters it was typed.
CREATE INDEX person_email ON person (lower(email));
CREATE INDEX message_to_person ON message (person) WHERE person IS NOT NULL;
-- Who acted, or was acted on: searched for by a person, and emptied when they are erased.
CREATE INDEX custody_value_person ON custody_value (key_record, event)
    WHERE field IN ('actor', 'subject', 'person', 'recipient');

-- That somebody is to be erased: asked for by one, approved by another.
CREATE TABLE person_erasure (
    id uuid PRIMARY KEY REFERENCES custody_record (id),
    basis text NOT NULL,
    asked_by uuid NOT NULL REFERENCES person (id),
    asked_at timestamptz NOT NULL,
    decided_by uuid REFERENCES person (id),
    decided_at timestamptz,
    refused_reason text NOT NULL,
    done_at timestamptz
);
CREATE INDEX person_erasure_asked ON person_erasure (asked_at, id);
GRANT SELECT, INSERT, UPDATE ON person_erasure TO {app};

-- Whom it is about: everybody of one mailbox.
CREATE TABLE person_erasure_subject (
    erasure uuid NOT NULL REFERENCES person_erasure (id),
    person uuid NOT NULL REFERENCES person (id),
    PRIMARY KEY (erasure, person)
);
CREATE INDEX person_erasure_of ON person_erasure_subject (person);
GRANT SELECT, INSERT ON person_erasure_subject TO {app};

-- That what a release says of its recipient was erased, by whom and why. Written once.
CREATE TABLE release_erasure (
    release uuid PRIMARY KEY REFERENCES release (id),
    person uuid NOT NULL REFERENCES person (id),
    at timestamptz NOT NULL,
    reason text NOT NULL
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON release_erasure
    FOR EACH STATEMENT EXECUTE FUNCTION custos_refuse_change();
GRANT SELECT, INSERT ON release_erasure TO {app};
-- The words of them, and nothing else.
GRANT UPDATE (reason) ON earlier_approval TO {app};
GRANT UPDATE (system, reference, acceptance) ON handoff TO {app};

-- That an exhibit is to be disposed of: proposed by one, approved by another; and its certificate.
CREATE TABLE disposal (
    id uuid PRIMARY KEY REFERENCES custody_record (id),
    exhibit uuid NOT NULL REFERENCES exhibit (id),
    basis text NOT NULL,
    early boolean NOT NULL,
    proposed_by uuid NOT NULL REFERENCES person (id),
    proposed_at timestamptz NOT NULL,
    decided_by uuid REFERENCES person (id),
    decided_at timestamptz,
    refused_reason text NOT NULL,
    done_at timestamptz,
    certificate bytea
);
CREATE INDEX disposal_proposed ON disposal (proposed_at, id);
CREATE UNIQUE INDEX disposal_open ON disposal (exhibit) WHERE refused_reason = '';
GRANT SELECT, INSERT, UPDATE ON disposal TO {app};
GRANT UPDATE (reason) ON exhibit_decision TO {app};

-- A decision is never changed. With its exhibit goes what was written, and nothing takes its place.
CREATE FUNCTION custos_only_emptied() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.reason <> '' OR NOT EXISTS (
        SELECT FROM exhibit WHERE id = NEW.exhibit AND state = 'disposed'
    ) THEN
        RAISE insufficient_privilege USING MESSAGE = 'a decision about an exhibit is never changed';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER only_emptied BEFORE UPDATE ON exhibit_decision
    FOR EACH ROW EXECUTE FUNCTION custos_only_emptied();

-- Under the key of which epoch a record's key is wrapped.
ALTER TABLE record_key ADD COLUMN epoch integer NOT NULL DEFAULT 0;
CREATE INDEX record_key_epoch ON record_key (epoch) WHERE epoch <> 0;
