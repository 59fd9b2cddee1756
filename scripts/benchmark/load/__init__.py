"""Load on an HTTP server of this machine, and how long its answers take."""
