-- What the police, the prosecution and council teams say of a release: added to; words can go.
CREATE TABLE feedback (
    release uuid NOT NULL REFERENCES release (id),
    number integer NOT NULL,
    person uuid NOT NULL REFERENCES person (id),
    role text NOT NULL,
    outcome text NOT NULL,
    words text NOT NULL,
    salt text NOT NULL,
    at timestamptz NOT NULL,
    erased_by uuid REFERENCES person (id),
    erased_at timestamptz,
    erased_reason text NOT NULL,
    PRIMARY KEY (release, number)
);
GRANT SELECT, INSERT ON feedback TO {app};
GRANT UPDATE (words, salt, erased_by, erased_at, erased_reason) ON feedback TO {app};

-- What the steps of a request come to, beside them: of each that there is, worked out from them.
ALTER TABLE request
    ADD COLUMN outcome text NOT NULL DEFAULT '',
    ADD COLUMN settled_at timestamptz,
    ADD COLUMN answered_on date,
    ADD COLUMN stood integer NOT NULL DEFAULT 0,
    ADD COLUMN left_at timestamptz;
UPDATE request SET outcome = told.outcome, settled_at = told.settled_at,
    answered_on = (told.answered_at AT TIME ZONE 'Europe/London')::date, left_at = told.left_at
FROM (
    SELECT
        s.request,
        coalesce((array_agg(CASE s.event
            WHEN 'review.completed' THEN s.told ->> 'outcome'
            WHEN 'request.refused' THEN 'refused_' || (s.told ->> 'basis')
            ELSE replace(s.event, 'request.', '') END ORDER BY s.number DESC)
            FILTER (WHERE s.event IN ('review.completed', 'request.refused', 'request.not_covered',
                'request.withdrawn', 'request.expired')))[1], '') AS outcome,
        min(s.at) FILTER (WHERE s.event IN ('review.completed', 'request.refused',
            'request.not_covered', 'request.withdrawn', 'request.expired')) AS settled_at,
        min(s.at) FILTER (WHERE s.event IN ('request.not_covered', 'request.refused',
                'request.approved')
            OR (s.event = 'request.covered' AND r.path IN ('insurer', 'solicitor', 'authorised'))
            OR (s.event = 'review.completed' AND s.told ->> 'outcome' = 'not_found')
        ) AS answered_at,
        min(s.at) FILTER (WHERE s.event = 'request.collected') AS left_at
    FROM request_step s JOIN request r ON r.id = s.request GROUP BY s.request
) told
WHERE told.request = request.id;
-- For how many days a clock stood until the answer, of those that stood at all.
UPDATE request SET stood = days.stood
FROM (
    SELECT p.request, sum(least(coalesce(
        (SELECT min((s.at AT TIME ZONE 'Europe/London')::date) FROM request_step s
         WHERE s.request = p.request AND s.event = 'request.resumed' AND s.number > p.number),
        r.answered_on), r.answered_on) - (p.at AT TIME ZONE 'Europe/London')::date) AS stood
    FROM request_step p JOIN request r ON r.id = p.request
    WHERE p.event = 'request.paused'
        AND (p.at AT TIME ZONE 'Europe/London')::date <= r.answered_on
    GROUP BY p.request
) days
WHERE days.request = request.id AND days.stood > 0;
ALTER TABLE request ALTER COLUMN outcome DROP DEFAULT, ALTER COLUMN stood DROP DEFAULT;

-- The queue goes by what is overwritten next, and those that have ended were overwritten first.
CREATE INDEX request_open ON request (overwrite_due_at, id)
    WHERE state NOT IN ('closed', 'withdrawn', 'refused', 'expired');

-- What came, left or was paid in a period, with what is counted of it: no row is read for it.
CREATE INDEX request_submitted ON request (submitted_at) INCLUDE (
    path, outcome, settled_at, answered_on, stood, preserved_at, overwrite_due_at);
CREATE INDEX request_left ON request (left_at) INCLUDE (path) WHERE left_at IS NOT NULL;
CREATE INDEX release_collected ON release (collected_at) INCLUDE (kind)
    WHERE collected_at IS NOT NULL;
CREATE INDEX fee_paid ON fee (paid_at) WHERE paid_at IS NOT NULL;
CREATE INDEX fee_waived ON fee (waived_at) WHERE waived_at IS NOT NULL;
CREATE INDEX refund_ended ON refund (ended_at) WHERE ended_at IS NOT NULL;
