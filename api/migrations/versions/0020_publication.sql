CREATE TABLE log_publication (
    id integer PRIMARY KEY CHECK (id = 1),
    collected bigint NOT NULL,
    words text NOT NULL
);
INSERT INTO log_publication (id, collected, words) VALUES (1, 0, '');
GRANT SELECT, UPDATE ON log_publication TO {app};
