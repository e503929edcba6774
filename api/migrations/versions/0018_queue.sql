-- Whose requests: those with which somebody did something.
CREATE INDEX request_step_person ON request_step (person, request) WHERE person IS NOT NULL;
-- Those of an incident of the council's own system.
CREATE INDEX request_step_incident ON request_step ((told ->> 'incident'))
    WHERE event = 'incident.linked';
-- What is preserved already, by its cameras.
CREATE INDEX request_step_preserved ON request_step USING gin ((told -> 'facts' -> 'cameras'))
    WHERE event = 'preservation.confirmed';
-- Those of one path, what is overwritten next first.
CREATE INDEX request_path ON request (path, overwrite_due_at, id);
