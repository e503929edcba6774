"""Who vouches for the record, built: the log's bucket, witnesses, time authority, audits."""
