"""What every request passes before it is routed: encoded paths, API keys, limits, logs, metrics."""
