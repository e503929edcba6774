"""What the rows say of releases: read `releases` first, of which the other modules are parts."""
