"""Commands that run one installation: its processes, keys, tokens and clock."""
