"""A made-up log of any size, through all stages from the log to a served list."""
