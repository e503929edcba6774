CREATE TABLE invoice_account (
    id uuid PRIMARY KEY REFERENCES custody_record (id),
    state text NOT NULL,
    organisation text NOT NULL,
    terms jsonb NOT NULL,
    opened_by uuid NOT NULL REFERENCES person (id),
    opened_at timestamptz NOT NULL,
    opened_reason text NOT NULL,
    approved_by uuid REFERENCES person (id),
    approved_at timestamptz,
    approved_reason text NOT NULL,
    closed_by uuid REFERENCES person (id),
    closed_at timestamptz,
    closed_reason text NOT NULL
);
CREATE INDEX invoice_account_opened ON invoice_account (opened_at, id);
CREATE INDEX invoice_account_state ON invoice_account (state, opened_at, id);
GRANT SELECT, INSERT, UPDATE ON invoice_account TO {app};

-- The key is what lets two accounts never have one domain, whoever opens them at once.
CREATE TABLE invoice_domain (
    domain text PRIMARY KEY,
    account uuid NOT NULL REFERENCES invoice_account (id)
);
CREATE INDEX invoice_domain_account ON invoice_domain (account);
GRANT SELECT, INSERT, DELETE ON invoice_domain TO {app};

CREATE TABLE invoice_statement (
    number integer PRIMARY KEY,
    account uuid NOT NULL REFERENCES invoice_account (id),
    month date NOT NULL,
    made_at timestamptz NOT NULL,
    pence integer NOT NULL,
    vat_pence integer NOT NULL,
    sha256 text NOT NULL,
    due_on date NOT NULL,
    overdue_at timestamptz,
    settled_by uuid REFERENCES person (id),
    settled_at timestamptz,
    remittance text NOT NULL,
    UNIQUE (account, month)
);
CREATE INDEX invoice_statement_due ON invoice_statement (due_on)
    WHERE settled_at IS NULL AND overdue_at IS NULL;
GRANT SELECT, INSERT, UPDATE ON invoice_statement TO {app};

CREATE TABLE invoice_line (
    id uuid PRIMARY KEY,
    account uuid NOT NULL REFERENCES invoice_account (id),
    fee uuid NOT NULL REFERENCES fee (id),
    number integer NOT NULL,
    pence integer NOT NULL,
    vat_pence integer NOT NULL,
    claim_reference text NOT NULL,
    purchase_order text NOT NULL,
    reason text NOT NULL,
    person uuid NOT NULL REFERENCES person (id),
    role text NOT NULL,
    at timestamptz NOT NULL,
    statement integer REFERENCES invoice_statement (number),
    UNIQUE (fee, number)
);
-- What is on no statement yet, of one account or of all of them; what is on one.
CREATE INDEX invoice_line_waiting ON invoice_line (account, at) WHERE statement IS NULL;
CREATE INDEX invoice_line_statement ON invoice_line (statement);
GRANT SELECT, INSERT, UPDATE ON invoice_line TO {app};
