"""Splits of a log into what models learn from and what they are tested on."""
