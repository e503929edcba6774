-- Everything that the statistics of a period count: one statement, and so one moment.
-- Of each row: what it is a part of, its key, two days (of answers), how many, and pence or days.
WITH asked AS MATERIALIZED (
    SELECT id, path, submitted_at, overwrite_due_at, preserved_at
    FROM request
    WHERE submitted_at >= :start AND submitted_at < :end AND submitted_at <= :at
), told AS MATERIALIZED (
    SELECT
        s.request,
        -- What was decided last; the number of a step sorts as text.
        substr(max(CASE s.event
            WHEN 'review.completed' THEN to_char(s.number, '000000') || (s.told ->> 'outcome')
            WHEN 'request.refused' THEN
                to_char(s.number, '000000') || 'refused_' || (s.told ->> 'basis')
            WHEN 'request.not_covered' THEN to_char(s.number, '000000') || 'not_covered'
            WHEN 'request.withdrawn' THEN to_char(s.number, '000000') || 'withdrawn'
            WHEN 'request.expired' THEN to_char(s.number, '000000') || 'expired'
        END), 8) AS outcome,
        min(s.at) FILTER (WHERE s.event IN ('review.completed', 'request.not_covered',
            'request.refused', 'request.withdrawn', 'request.expired')) AS settled_at,
        -- When whoever asked was first told what comes of it.
        min(s.at) FILTER (WHERE s.event IN ('request.not_covered', 'request.refused',
                'request.approved')
            OR (s.event = 'request.covered' AND a.path IN ('insurer', 'solicitor', 'authorised'))
            OR (s.event = 'review.completed' AND s.told ->> 'outcome' = 'not_found')
        ) AS answered_at,
        coalesce(sum((s.at AT TIME ZONE 'Europe/London')::date - DATE '2000-01-01')
            FILTER (WHERE s.event = 'request.resumed'), 0)
        - coalesce(sum((s.at AT TIME ZONE 'Europe/London')::date - DATE '2000-01-01')
            FILTER (WHERE s.event = 'request.paused'), 0) AS stood,
        count(*) FILTER (WHERE s.event = 'request.paused')
        - count(*) FILTER (WHERE s.event = 'request.resumed') AS stands
    FROM asked a JOIN request_step s ON s.request = a.id
    WHERE s.at <= :at AND s.event IN ('review.completed', 'request.not_covered',
        'request.refused', 'request.withdrawn', 'request.expired', 'request.covered',
        'request.approved', 'request.paused', 'request.resumed')
    GROUP BY s.request
), answered AS (
    SELECT
        CASE WHEN a.path IN ('insurer', 'solicitor', 'authorised') THEN 'civil'
            WHEN a.path = 'subject' THEN 'subject' ELSE 'official' END AS who,
        (a.submitted_at AT TIME ZONE 'Europe/London')::date AS received,
        (t.answered_at AT TIME ZONE 'Europe/London')::date AS answered,
        t.stood,
        t.stands
    FROM asked a JOIN told t ON t.request = a.id
    WHERE t.answered_at IS NOT NULL
)
SELECT 'requests_by_path', path, NULL::date, NULL::date, count(*), 0
FROM asked GROUP BY path
UNION ALL
SELECT 'requests_by_outcome', coalesce(t.outcome, 'undecided'), NULL, NULL, count(*), 0
FROM asked a LEFT JOIN told t ON t.request = a.id
GROUP BY 2
UNION ALL
SELECT 'preservation',
    CASE WHEN a.preserved_at <= :at AND a.preserved_at < a.overwrite_due_at THEN 'in_time'
        WHEN a.overwrite_due_at <= :at
            AND (t.settled_at IS NULL OR t.settled_at > a.overwrite_due_at) THEN 'overwritten'
        ELSE 'other' END,
    NULL, NULL, count(*), 0
FROM asked a LEFT JOIN told t ON t.request = a.id
GROUP BY 2
UNION ALL
-- What stood when it was answered, stood until then.
SELECT 'answered', who, received, answered, count(*),
    CASE WHEN who = 'subject'
        THEN greatest(stood + stands * (answered - DATE '2000-01-01'), 0) ELSE 0 END AS paused
FROM answered GROUP BY who, received, answered, paused
UNION ALL
SELECT 'releases', coalesce(q.path, r.kind), NULL, NULL, count(*), 0
FROM release r LEFT JOIN request q ON q.urn = r.urn
WHERE r.collected_at >= :start AND r.collected_at < :end AND r.collected_at <= :at
GROUP BY 2
UNION ALL
SELECT 'feedback', f.outcome, NULL, NULL, count(*), 0
FROM release r
JOIN LATERAL (
    SELECT outcome FROM feedback WHERE release = r.id AND at <= :at ORDER BY number DESC LIMIT 1
) f ON TRUE
WHERE r.collected_at >= :start AND r.collected_at < :end AND r.collected_at <= :at
GROUP BY 2
UNION ALL
SELECT 'fees', 'asked', NULL, NULL, count(*), coalesce(sum(pence), 0)
FROM fee WHERE opened_at >= :start AND opened_at < :end AND opened_at <= :at AND demanded
UNION ALL
SELECT 'fees', 'paid', NULL, NULL, count(*), coalesce(sum(pence), 0)
FROM fee WHERE paid_at >= :start AND paid_at < :end AND paid_at <= :at
UNION ALL
SELECT 'fees', CASE WHEN demanded THEN 'waived' ELSE 'free' END, NULL, NULL, count(*), sum(pence)
FROM fee WHERE waived_at >= :start AND waived_at < :end AND waived_at <= :at GROUP BY demanded
UNION ALL
SELECT 'fees', 'refunded', NULL, NULL, count(*), coalesce(sum(pence), 0)
FROM refund
WHERE state = 'success' AND ended_at >= :start AND ended_at < :end AND ended_at <= :at
UNION ALL
SELECT 'cameras', kind, NULL, NULL, count(*), 0
FROM camera WHERE NOT sensitive AND gone_on IS NULL GROUP BY kind
