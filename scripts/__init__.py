"""Shell commands, the command line and the benchmarks."""
