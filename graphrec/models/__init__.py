"""Models: each a frozen dataclass of hyper-parameters, one file each."""
