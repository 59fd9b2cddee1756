"""What `python -m scripts.benchmark ingest` is made of."""
