"""What `graphrec benchmark quality` is made of."""
