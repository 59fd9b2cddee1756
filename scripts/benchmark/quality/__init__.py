"""What `python -m scripts.benchmark quality` is made of."""
