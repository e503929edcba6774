-- A file that came to an exhibit after the first ones: the event that took it down.
ALTER TABLE exhibit_file ADD COLUMN added_by uuid REFERENCES custody_event (id);
