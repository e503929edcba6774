"""What a backup holds, and how objects come back from one; `manifest` comes first."""
