"""Who was shown what, and what came of it: comparing snapshots by use."""
