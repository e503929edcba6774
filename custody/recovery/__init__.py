"""What a restored database lacks of its log, found in the published one: `recovery` comes first."""
