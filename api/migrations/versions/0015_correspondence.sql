-- What messages on a request say: apart from the steps that tell of them, and erasable.
CREATE TABLE request_message (
    request uuid NOT NULL,
    number integer NOT NULL,
    words text NOT NULL,
    PRIMARY KEY (request, number),
    FOREIGN KEY (request, number) REFERENCES request_step (request, number)
);
GRANT SELECT, INSERT, DELETE ON request_message TO {app};

-- What is personal of a request goes some time after its end; its steps stay, without words.
ALTER TABLE request ADD COLUMN erased_at timestamptz, ADD COLUMN erase_at timestamptz;
CREATE INDEX request_unerased ON request (submitted_at) WHERE erased_at IS NULL;
GRANT UPDATE (told) ON request_step TO {app};
