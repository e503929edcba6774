GRANT SELECT, INSERT, UPDATE, DELETE ON
    procrastinate_jobs, procrastinate_events, procrastinate_periodic_defers, procrastinate_workers
    TO {app};
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {app};
