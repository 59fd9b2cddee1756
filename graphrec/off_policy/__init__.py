"""Off-policy evaluation: what a policy would have brought, from what another one showed."""
