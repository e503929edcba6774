CREATE TABLE fee (
    id uuid PRIMARY KEY,
    request uuid NOT NULL REFERENCES custody_record (id),
    urn text NOT NULL,
    stage text NOT NULL,
    pence integer NOT NULL,
    vat_pence integer NOT NULL,
    vat_basis_points integer NOT NULL,
    state text NOT NULL,
    opened_at timestamptz NOT NULL,
    demanded boolean NOT NULL,
    waived_at timestamptz,
    waived_reason text NOT NULL,
    paid_by uuid,
    paid_at timestamptz,
    UNIQUE (request, stage)
);
-- Lists: the newest first, of all and of one state; a reference number by its beginning.
CREATE INDEX fee_opened ON fee (opened_at, id);
CREATE INDEX fee_state ON fee (state, opened_at, id);
CREATE INDEX fee_urn ON fee (urn text_pattern_ops);
GRANT SELECT, INSERT, UPDATE ON fee TO {app};

CREATE TABLE payment (
    id uuid PRIMARY KEY,
    fee uuid NOT NULL REFERENCES fee (id),
    number integer NOT NULL,
    state text NOT NULL,
    reason text NOT NULL,
    provider_reference text NOT NULL,
    begun_at timestamptz NOT NULL,
    requested_at timestamptz,
    failed_at timestamptz,
    succeeded_at timestamptz,
    check_at timestamptz,
    settled_on date,
    UNIQUE (fee, number)
);
-- One attempt at a time, whoever presses the button how often.
CREATE UNIQUE INDEX payment_live ON payment (fee)
    WHERE state IN ('asked', 'created', 'started', 'submitted', 'capturable');
CREATE UNIQUE INDEX payment_provider ON payment (provider_reference)
    WHERE provider_reference <> '';
CREATE INDEX payment_check ON payment (check_at) WHERE check_at IS NOT NULL;
CREATE INDEX payment_unsettled ON payment (succeeded_at)
    WHERE succeeded_at IS NOT NULL AND settled_on IS NULL;
GRANT SELECT, INSERT, UPDATE ON payment TO {app};

CREATE TABLE refund (
    id uuid PRIMARY KEY,
    payment uuid NOT NULL REFERENCES payment (id),
    number integer NOT NULL,
    pence integer NOT NULL,
    reason text NOT NULL,
    ordered_by uuid NOT NULL REFERENCES person (id),
    role text NOT NULL,
    ordered_at timestamptz NOT NULL,
    state text NOT NULL,
    refund_reference text NOT NULL,
    failed_reason text NOT NULL,
    ended_at timestamptz,
    check_at timestamptz,
    settled_on date,
    UNIQUE (payment, number)
);
CREATE UNIQUE INDEX refund_provider ON refund (refund_reference) WHERE refund_reference <> '';
CREATE INDEX refund_check ON refund (check_at) WHERE check_at IS NOT NULL;
GRANT SELECT, INSERT, UPDATE ON refund TO {app};

-- Calls of the provider that were heard, forgotten after some weeks.
CREATE TABLE payment_notice (
    id text PRIMARY KEY,
    heard_at timestamptz NOT NULL
);
CREATE INDEX payment_notice_heard ON payment_notice (heard_at);
GRANT SELECT, INSERT, DELETE ON payment_notice TO {app};

CREATE TABLE payment_difference (
    id uuid PRIMARY KEY REFERENCES custody_record (id),
    what text NOT NULL,
    provider_reference text NOT NULL,
    words text NOT NULL,
    fee uuid REFERENCES fee (id),
    found_at timestamptz NOT NULL,
    settled_by uuid REFERENCES person (id),
    settled_at timestamptz,
    settled_reason text NOT NULL
);
CREATE INDEX payment_difference_found ON payment_difference (found_at, id);
CREATE UNIQUE INDEX payment_difference_open ON payment_difference (what, provider_reference, fee)
    NULLS NOT DISTINCT WHERE settled_at IS NULL;
CREATE INDEX payment_difference_fee ON payment_difference (fee);
GRANT SELECT, INSERT, UPDATE ON payment_difference TO {app};

CREATE TABLE settlement_day (
    id uuid PRIMARY KEY,
    day date NOT NULL UNIQUE,
    looked_at timestamptz,
    payments integer NOT NULL,
    refunds integer NOT NULL,
    net_pence integer NOT NULL
);
GRANT SELECT, INSERT, UPDATE ON settlement_day TO {app};
