"""Recommendations, related items and explanations from a snapshot."""
