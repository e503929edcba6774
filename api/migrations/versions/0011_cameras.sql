-- The register of cameras. What has gone stays: exhibits name it. So nothing may delete here.
CREATE TABLE camera (
    id uuid PRIMARY KEY,
    reference text NOT NULL,
    former text[] NOT NULL,
    kind text NOT NULL,
    siting text NOT NULL,
    views text[] NOT NULL,
    owner text NOT NULL,
    maker text NOT NULL,
    origin text NOT NULL,
    sensitive boolean NOT NULL,
    gone_on date
);
-- Two cameras never have one reference at a time; within an import they may exchange theirs.
CREATE INDEX camera_reference ON camera (reference);
-- Lists go by these, as people count: 2 comes before 10. What the public is told reads no other row.
CREATE INDEX camera_order ON camera (char_length(reference), reference COLLATE "C", id);
CREATE INDEX camera_public ON camera (char_length(reference), reference COLLATE "C", id)
    WHERE NOT sensitive;
GRANT SELECT, INSERT, UPDATE ON camera TO {app};

CREATE TABLE camera_placement (
    camera uuid NOT NULL REFERENCES camera (id),
    number integer NOT NULL,
    location text NOT NULL,
    latitude integer,
    longitude integer,
    since date,
    until date,
    area text NOT NULL,
    PRIMARY KEY (camera, number)
);
GRANT SELECT, INSERT, UPDATE ON camera_placement TO {app};

-- Each list that was taken over: added to, never changed.
CREATE TABLE camera_import (
    number integer PRIMARY KEY,
    record uuid NOT NULL REFERENCES custody_record (id),
    person uuid NOT NULL REFERENCES person (id),
    role text NOT NULL,
    at timestamptz NOT NULL,
    sha256 text NOT NULL,
    facts jsonb NOT NULL,
    register_sha256 text NOT NULL
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON camera_import
    FOR EACH STATEMENT EXECUTE FUNCTION custos_refuse_change();
GRANT SELECT, INSERT ON camera_import TO {app};

-- How often an address asked something within an hour, by a digest that is another one each hour.
CREATE TABLE asked_often (
    what text NOT NULL,
    hour timestamptz NOT NULL,
    address text NOT NULL,
    times integer NOT NULL,
    PRIMARY KEY (what, hour, address)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON asked_often TO {app};
