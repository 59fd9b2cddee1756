"""Policies in the simulator: regret, and how often intervals of estimates hold the truth."""
