"""What changes while the service runs: snapshots, the graph store, events, deletions, exposures."""
