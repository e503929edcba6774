"""What the demonstration shows, all of it invented; `showcase` comes first."""
