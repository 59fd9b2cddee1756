"""Splits of a log into train and test."""
