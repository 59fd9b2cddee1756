"""graphrec: graph-based recommendations, from an interaction log to a live, explained service."""
