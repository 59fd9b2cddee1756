"""The `graphrec` command."""
