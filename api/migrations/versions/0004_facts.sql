-- What people state of an exhibit is one description, as the ledger commits to it.
ALTER TABLE exhibit
    ADD COLUMN description JSONB NOT NULL,
    DROP COLUMN clock,
    DROP COLUMN taken_in;
