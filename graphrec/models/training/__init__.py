"""What models that learn in epochs share: the loop, losses, negatives, warm starts."""
