-- A file that came to an exhibit after the first ones: the event that took it down.
ALTER TABLE exhibit_file ADD COLUMN added_by uuid REFERENCES custody_event (id);
-- A file that a release carries because it did when it was proposed, though nobody named it then.
ALTER TABLE release_file ADD COLUMN fixed boolean NOT NULL DEFAULT false;
