"""What policies learn from: lists in the exposure log, and what came of them."""
