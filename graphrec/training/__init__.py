"""From a graph to fitted models: what is chosen on validation, compared, tuned."""
