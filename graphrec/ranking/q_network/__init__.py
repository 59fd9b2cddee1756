"""The Q-network: what a list is worth with an item in it, given who asks and their session."""
