"""Experiments as data: variants of what serves, who gets which, and what they are judged by."""
