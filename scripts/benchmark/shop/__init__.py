"""A made-up shop, measured through the command line and the service as a shop would use them."""
