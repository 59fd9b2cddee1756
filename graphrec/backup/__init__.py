"""Backup and restore: the store, and maybe the snapshot that serves, as one file."""
