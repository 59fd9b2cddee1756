"""What policies learn from: the lists of their actions in the exposure log, and what came of them."""
