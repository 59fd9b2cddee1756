"""Rules: what may be recommended, and what should come sooner or later."""
