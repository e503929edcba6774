-- Who had the papers of a sealing erased, and why: written once, in the transaction that does it.
CREATE TABLE seal_erasure (
    release uuid PRIMARY KEY REFERENCES release (id),
    person uuid NOT NULL REFERENCES person (id),
    at timestamptz NOT NULL,
    reason text NOT NULL,
    files integer NOT NULL
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON seal_erasure
    FOR EACH STATEMENT EXECUTE FUNCTION custos_refuse_change();
GRANT SELECT, INSERT ON seal_erasure TO {app};

-- Papers go only with such a row, and never the three that `release.sealed` commits to.
CREATE FUNCTION custos_refuse_unerased() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.path IN ('tagmanifest-sha256.txt', 'seal/tagmanifest-sha256.txt.p7s',
                    'seal/tagmanifest-sha256.txt.p7s.tsr')
       OR NOT EXISTS (SELECT 1 FROM seal_erasure WHERE release = OLD.release) THEN
        RAISE EXCEPTION 'a paper of a sealing goes only by an erasure on record'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN OLD;
END
$$;
DROP TRIGGER append_only ON seal_file;
CREATE TRIGGER append_only BEFORE UPDATE OR TRUNCATE ON seal_file
    FOR EACH STATEMENT EXECUTE FUNCTION custos_refuse_change();
CREATE TRIGGER erased_on_record BEFORE DELETE ON seal_file
    FOR EACH ROW EXECUTE FUNCTION custos_refuse_unerased();
GRANT DELETE ON seal_file TO {app};
