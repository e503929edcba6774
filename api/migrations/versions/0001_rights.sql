-- The service connects as a role that owns nothing. What has happened it can read and add to,
-- never change or remove; and a trigger refuses even the owner, who would have to drop it first.

CREATE FUNCTION custos_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'table % is append-only: % is refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'insufficient_privilege';
END
$$;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'custody_event', 'log_entry', 'log_node', 'log_root', 'log_checkpoint', 'log_stamp',
        'seal_step', 'seal_file'
    ] LOOP
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %I '
                       'FOR EACH STATEMENT EXECUTE FUNCTION custos_refuse_change()', name);
        EXECUTE format('GRANT SELECT, INSERT ON %I TO {app}', name);
    END LOOP;
END
$$;

GRANT SELECT, INSERT, UPDATE ON
    custody_record, log_state, exhibit, exhibit_counter, exhibit_file, upload, release,
    release_exhibit, api_token TO {app};
-- Erasable, or done with: what the ledger's proofs do not need.
GRANT SELECT, INSERT, UPDATE, DELETE ON
    record_key, custody_value, custody_outbox, person, attention TO {app};
-- Named by the exhibit's files, and by nothing else.
GRANT USAGE ON SCHEMA public TO {app};
