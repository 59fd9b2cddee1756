"""Snapshots that are not on this machine: what is fetched of them, and how they are changed."""
