"""The keys of one installation: files, certificates, signatures; `keyring` comes first."""
