-- What messages on a request say: apart from the steps that tell of them, and erasable.
CREATE TABLE request_message (
    request uuid NOT NULL,
    number integer NOT NULL,
    words text NOT NULL,
    PRIMARY KEY (request, number),
    FOREIGN KEY (request, number) REFERENCES request_step (request, number)
);
GRANT SELECT, INSERT, DELETE ON request_message TO {app};
