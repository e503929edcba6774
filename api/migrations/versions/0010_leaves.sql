-- Each time a package left the house: added to, never changed.
CREATE TABLE departure (
    id uuid PRIMARY KEY,
    release uuid NOT NULL REFERENCES release (id),
    way text NOT NULL,
    person uuid NOT NULL REFERENCES person (id),
    role text NOT NULL,
    sha256 text NOT NULL,
    at timestamptz NOT NULL,
    download uuid REFERENCES download (id),
    handoff uuid REFERENCES handoff (id)
);
CREATE INDEX departure_release ON departure (release, at);
CREATE INDEX departure_download ON departure (download) WHERE download IS NOT NULL;
CREATE INDEX departure_handoff ON departure (handoff) WHERE handoff IS NOT NULL;
-- The register reads them by the way, the newest first.
CREATE INDEX departure_way ON departure (way, at, id);
GRANT SELECT, INSERT ON departure TO {app};

-- Of before, only the first time that each release left is known, by its event.
INSERT INTO departure (id, release, way, person, role, sha256, at, download, handoff)
SELECT DISTINCT ON (release.id)
    gen_random_uuid(), release.id,
    CASE
        WHEN role.value = '"recipient"' THEN 'link'
        WHEN release.taken_at = release.collected_at THEN 'staff'
        ELSE 'handoff'
    END,
    actor.key_record, role.value::jsonb #>> '{}', digest.value::jsonb #>> '{}',
    release.collected_at,
    CASE WHEN role.value = '"recipient"' THEN (
        SELECT download.id FROM download JOIN link ON link.id = download.link
        WHERE link.release = release.id ORDER BY download.authorised_at LIMIT 1
    ) END,
    NULL
FROM custody_event event
JOIN custody_value named ON named.event = event.id AND named.field = 'release'
JOIN custody_value role ON role.event = event.id AND role.field = 'role'
JOIN custody_value actor ON actor.event = event.id AND actor.field = 'actor'
JOIN custody_value digest ON digest.event = event.id AND digest.field = 'sha256'
JOIN release ON named.value = '"' || release.id || '"'
WHERE event.event = 'exhibit.released' AND release.collected_at IS NOT NULL;
DROP INDEX release_taken;

-- A token ends. Those of before were made by no event of their own: they end now.
ALTER TABLE api_token ADD COLUMN expires_at timestamptz;
UPDATE api_token SET expires_at = now(), revoked_at = coalesce(revoked_at, now());
ALTER TABLE api_token ALTER COLUMN expires_at SET NOT NULL;

-- What somebody was refused lately: of what follows within the hour, one event tells.
CREATE TABLE refusal (
    person uuid NOT NULL REFERENCES person (id),
    action text NOT NULL,
    role text NOT NULL,
    since timestamptz NOT NULL,
    more integer NOT NULL,
    PRIMARY KEY (person, action)
);
CREATE INDEX refusal_since ON refusal (since);
GRANT SELECT, INSERT, UPDATE, DELETE ON refusal TO {app};
