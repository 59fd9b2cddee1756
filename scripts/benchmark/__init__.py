"""Measurements on your data and this machine: `python -m scripts.benchmark --help`."""
