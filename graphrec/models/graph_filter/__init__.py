"""The graph filter: a linear model of the neighbourhood."""
