"""What replicas share through Redis: news, limits, counts, lists. Else each has its own."""
