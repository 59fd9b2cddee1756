"""Clients in several languages, made from the OpenAPI document of the service."""
