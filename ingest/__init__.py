"""From files and databases to the graph store: read, check, set bad rows aside, write."""
