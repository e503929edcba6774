"""PostgreSQL and SeaweedFS as children of the service, set up so that they lose nothing."""
