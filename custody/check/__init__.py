"""The checks V4 to V7, on bytes alone: what the service and a stranger's verifier both run."""
