"""How good ranked lists are: metrics, splits, comparisons of models, early stopping."""
