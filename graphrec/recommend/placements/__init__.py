"""The lists of placements: how each type finds its items, and how a list is made of them."""
