-- What was found of the clock that everything is recorded by.
CREATE TABLE house_clock (
    id integer PRIMARY KEY CHECK (id = 1),
    seen timestamptz,
    offset_ms bigint,
    measured timestamptz,
    alarm text NOT NULL,
    after_seq bigint NOT NULL,
    after_size bigint NOT NULL
);
INSERT INTO house_clock (id, alarm, after_seq, after_size) VALUES (1, '', 0, 0);
GRANT SELECT, UPDATE ON house_clock TO {app};
