"""Policies that learn which action serves whom: what the settings say, and the decision."""
