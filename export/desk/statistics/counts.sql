-- Everything that the statistics of a period count: one statement, and so one moment.
-- Of each row: what it is a part of, its key, how many, and pence; of answers, on which day they
-- came and how many days later they were answered, and for how many of these the clock stood.
-- What the steps of a request come to stands in its row (evidence/requests/course).
WITH civil AS (
    SELECT path, count(*) AS n FROM request
    WHERE left_at >= :start AND left_at < :end AND path IN ('insurer', 'solicitor', 'authorised')
    GROUP BY path
), days AS (
    -- When each day of the period begins in London: to look a moment up among these costs a
    -- fraction of what it costs to convert it.
    SELECT min(midnight)::date AS first,
        array_agg(midnight AT TIME ZONE 'Europe/London' ORDER BY midnight) AS begin
    FROM generate_series(
        CAST(:start AS timestamptz) AT TIME ZONE 'Europe/London',
        CAST(:end AS timestamptz) AT TIME ZONE 'Europe/London', interval '1 day') midnight
), came AS MATERIALIZED (
    -- One reading of what came: what is asked of it is asked of these few.
    SELECT path, outcome, preserved, day, waited, stood, count(*) AS n
    FROM (
        SELECT path, outcome, stood,
            CASE WHEN preserved_at < overwrite_due_at THEN 1
                WHEN overwrite_due_at <= :at
                    AND (settled_at IS NULL OR settled_at > overwrite_due_at) THEN 2
                ELSE 3 END AS preserved,
            -- Where every day counts, which day it was is no matter.
            CASE WHEN path = 'subject' OR :working THEN day END AS day,
            answered_on - day AS waited
        FROM (
            SELECT *, (SELECT first FROM days) - 1
                + width_bucket(submitted_at, (SELECT begin FROM days)) AS day
            FROM request WHERE submitted_at >= :start AND submitted_at < :end
        ) dated
    ) told
    GROUP BY path, outcome, preserved, day, waited, stood
)
SELECT 'requests_by_path', path, NULL::date, NULL::integer, sum(n), 0
FROM came GROUP BY path
UNION ALL
SELECT 'requests_by_outcome', coalesce(nullif(outcome, ''), 'undecided'), NULL, NULL, sum(n), 0
FROM came GROUP BY outcome
UNION ALL
SELECT 'preservation',
    CASE preserved WHEN 1 THEN 'in_time' WHEN 2 THEN 'overwritten' ELSE 'other' END,
    NULL, NULL, sum(n), 0
FROM came GROUP BY preserved
UNION ALL
SELECT 'answered',
    CASE path WHEN 'subject' THEN 'subject' WHEN 'police' THEN 'official'
        WHEN 'cps' THEN 'official' WHEN 'council' THEN 'official' ELSE 'civil' END,
    day, waited, sum(n), stood
FROM came WHERE waited IS NOT NULL
GROUP BY 2, day, waited, stood
UNION ALL
-- Releases of one kind go to who is of several sorts: the request says of which, of its first one.
SELECT 'releases', path, NULL, NULL, n, 0 FROM civil
UNION ALL
SELECT 'releases', CASE kind WHEN 'insurer' THEN 'other' ELSE kind END, NULL, NULL,
    greatest(count(*) - CASE kind WHEN 'insurer' THEN (SELECT coalesce(sum(n), 0) FROM civil)
        ELSE 0 END, 0), 0
FROM release WHERE collected_at >= :start AND collected_at < :end GROUP BY kind
UNION ALL
SELECT 'feedback', f.outcome, NULL, NULL, count(*), 0
FROM (SELECT DISTINCT ON (release) release, outcome FROM feedback ORDER BY release, number DESC) f
JOIN release r ON r.id = f.release
WHERE r.collected_at >= :start AND r.collected_at < :end
GROUP BY f.outcome
UNION ALL
-- Each stage by itself: the sum of two prices would tell how many there are of each.
SELECT 'fees', told.what || '_' || stage, NULL, NULL, sum(n), sum(sum)
FROM (
    SELECT stage, demanded, by_card, opened, settled, waived, count(*) AS n, sum(pence)
    FROM (
        SELECT stage, pence, demanded, paid_by IS NOT NULL AS by_card,
            opened_at >= :start AND opened_at < :end AS opened,
            paid_at >= :start AND paid_at < :end AS settled,
            waived_at >= :start AND waived_at < :end AS waived
        FROM fee
        WHERE (opened_at >= :start AND opened_at < :end)
            OR (paid_at >= :start AND paid_at < :end)
            OR (waived_at >= :start AND waived_at < :end)
    ) happened
    GROUP BY stage, demanded, by_card, opened, settled, waived
) few
CROSS JOIN LATERAL (VALUES
    ('asked', opened AND demanded),
    ('paid', settled AND by_card),
    ('account', settled AND NOT by_card),
    ('waived', waived AND demanded),
    ('free', waived AND NOT demanded)
) told (what, so)
WHERE told.so
GROUP BY told.what, stage
UNION ALL
-- Of what counts as paid: money that nobody owed came and went, and is in neither figure.
SELECT 'fees', 'refunded_' || f.stage, NULL, NULL, count(DISTINCT f.id), sum(r.pence)
FROM refund r JOIN payment p ON p.id = r.payment JOIN fee f ON f.id = p.fee AND f.paid_by = p.id
WHERE r.state = 'success' AND r.ended_at >= :start AND r.ended_at < :end
GROUP BY f.stage
UNION ALL
SELECT 'fees', 'credited_' || f.stage, NULL, NULL, count(DISTINCT f.id), -sum(l.pence)
FROM invoice_line l JOIN fee f ON f.id = l.fee
WHERE l.number > 0 AND l.at >= :start AND l.at < :end
GROUP BY f.stage
UNION ALL
SELECT 'cameras', kind, NULL, NULL, count(*), 0
FROM camera WHERE NOT sensitive AND gone_on IS NULL GROUP BY kind
