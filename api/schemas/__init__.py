"""Requests and responses, as far as the library has no dataclass for them, and their validation."""
