"""Refreshing what serves: when to train, what is rehearsed and checked, what is published."""
