"""How good lists are: metrics, protocols, splits, the choice of epochs."""
