"""The HTTP service. It imports neither torch nor DGL nor pandas."""
