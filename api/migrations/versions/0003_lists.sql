-- A page of a list is read along one of these, from where the page before it ended.
CREATE INDEX release_proposed ON release (proposed_at, id);
DROP INDEX release_proposed_at;
CREATE INDEX release_unconfirmed ON release (proposed_at, id)
    WHERE urgent IS TRUE AND seconded_at IS NULL;
CREATE INDEX release_recipient ON release (recipient);

-- What releases are searched by; export/desk/releases.py writes the same words.
CREATE INDEX release_words ON release USING gin (to_tsvector(
    'simple',
    translate(organisation || ' ' || urn || ' R' || number::text, '@.-_/+,', '       ')
));
CREATE INDEX person_words ON person USING gin (to_tsvector(
    'simple', translate(name || ' ' || email, '@.-_/+,', '       ')
));

-- The register: each way in which a package leaves, in the order of time.
CREATE INDEX download_authorised ON download (authorised_at, id);
CREATE INDEX handoff_at ON handoff (at, id);
CREATE INDEX handoff_release ON handoff (release);
CREATE INDEX release_taken ON release (taken_at, id) WHERE taken_at IS NOT NULL;
CREATE INDEX link_issued ON link (issued_at, id) WHERE number = 1;

-- Whose uploads wait to be made an exhibit.
CREATE INDEX resumable_upload_person ON resumable_upload (person, created_at);
