-- The last answer of whoever reads a mailbox: whether they want to be asked.
CREATE INDEX feedback_person ON feedback (person, at);

-- Requests that are older than the index of those for the same: its key is not here, so a job fills it, once.
SELECT procrastinate_defer_jobs_v1(ARRAY[ROW(
    'default', 'requests.likeness', 0,
    'requests.likeness:00000000-0000-0000-0000-000000000000',
    'requests.likeness:00000000-0000-0000-0000-000000000000',
    '{"subject": "00000000-0000-0000-0000-000000000000"}', NULL
)::procrastinate_job_to_defer_v1])
WHERE EXISTS (
    SELECT FROM request r
    WHERE erased_at IS NULL
        AND NOT EXISTS (SELECT FROM request_likeness l WHERE l.request = r.id)
);
