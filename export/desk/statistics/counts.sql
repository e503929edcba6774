-- Everything that the statistics of a period count: one statement, and so one moment.
-- Of each row: what it is a part of, its key, how many, and pence; of answers, on which day they
-- came and how many days later they were answered, and for how many of these the clock stood.
-- What the steps of a request come to stands in its row (evidence/requests/course).
WITH civil AS (
    SELECT path, count(*) AS n FROM request
    WHERE left_at >= :start AND left_at < :end AND path IN ('insurer', 'solicitor', 'authorised')
    GROUP BY path
)
SELECT 'requests_by_path', path, NULL::date, NULL::integer, count(*), 0
FROM request WHERE submitted_at >= :start AND submitted_at < :end GROUP BY path
UNION ALL
SELECT 'requests_by_outcome', coalesce(nullif(outcome, ''), 'undecided'), NULL, NULL,
    count(*), 0
FROM request WHERE submitted_at >= :start AND submitted_at < :end GROUP BY outcome
UNION ALL
SELECT 'preservation',
    CASE WHEN preserved_at < overwrite_due_at THEN 'in_time'
        WHEN overwrite_due_at <= :at
            AND (settled_at IS NULL OR settled_at > overwrite_due_at) THEN 'overwritten'
        ELSE 'other' END,
    NULL, NULL, count(*), 0
FROM request WHERE submitted_at >= :start AND submitted_at < :end GROUP BY 2
UNION ALL
SELECT 'answered',
    CASE path WHEN 'subject' THEN 'subject' WHEN 'police' THEN 'official'
        WHEN 'cps' THEN 'official' WHEN 'council' THEN 'official' ELSE 'civil' END,
    -- Where every day counts, which day it was is no matter.
    CASE WHEN path = 'subject' OR :working
        THEN (submitted_at AT TIME ZONE 'Europe/London')::date END,
    answered_on - (submitted_at AT TIME ZONE 'Europe/London')::date, count(*), stood
FROM request
WHERE submitted_at >= :start AND submitted_at < :end AND answered_on IS NOT NULL
GROUP BY 2, 3, 4, stood
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
SELECT 'fees', told.what || '_' || f.stage, NULL, NULL, told.n, told.pence
FROM (
    SELECT
        stage,
        count(*) FILTER (WHERE asked) AS asked,
        coalesce(sum(pence) FILTER (WHERE asked), 0) AS asked_pence,
        count(*) FILTER (WHERE paid) AS paid,
        coalesce(sum(pence) FILTER (WHERE paid), 0) AS paid_pence,
        count(*) FILTER (WHERE account) AS account,
        coalesce(sum(pence) FILTER (WHERE account), 0) AS account_pence,
        count(*) FILTER (WHERE waived AND demanded) AS waived,
        coalesce(sum(pence) FILTER (WHERE waived AND demanded), 0) AS waived_pence,
        count(*) FILTER (WHERE waived AND NOT demanded) AS free,
        coalesce(sum(pence) FILTER (WHERE waived AND NOT demanded), 0) AS free_pence
    FROM (
        SELECT stage, pence, demanded,
            demanded AND opened_at >= :start AND opened_at < :end AS asked,
            paid_by IS NOT NULL AND paid_at >= :start AND paid_at < :end AS paid,
            paid_by IS NULL AND paid_at >= :start AND paid_at < :end AS account,
            waived_at >= :start AND waived_at < :end AS waived
        FROM fee
        WHERE (opened_at >= :start AND opened_at < :end)
            OR (paid_at >= :start AND paid_at < :end)
            OR (waived_at >= :start AND waived_at < :end)
    ) happened
    GROUP BY stage
) f
CROSS JOIN LATERAL (VALUES
    ('asked', asked, asked_pence),
    ('paid', paid, paid_pence),
    ('account', account, account_pence),
    ('waived', waived, waived_pence),
    ('free', free, free_pence)
) told (what, n, pence)
UNION ALL
SELECT 'fees', 'refunded_' || f.stage, NULL, NULL, count(*), sum(r.pence)
FROM refund r JOIN payment p ON p.id = r.payment JOIN fee f ON f.id = p.fee
WHERE r.state = 'success' AND r.ended_at >= :start AND r.ended_at < :end
GROUP BY f.stage
UNION ALL
SELECT 'fees', 'credited_' || f.stage, NULL, NULL, count(*), -sum(l.pence)
FROM invoice_line l JOIN fee f ON f.id = l.fee
WHERE l.number > 0 AND l.at >= :start AND l.at < :end
GROUP BY f.stage
UNION ALL
SELECT 'cameras', kind, NULL, NULL, count(*), 0
FROM camera WHERE NOT sensitive AND gone_on IS NULL GROUP BY kind
