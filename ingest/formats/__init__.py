"""Logs of the field by name: one table of declarations of what their files are."""
