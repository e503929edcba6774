"""A published log as strangers meet it: audited, watched and proved from its files alone."""
