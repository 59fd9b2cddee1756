"""What someone adds from outside the package: a source and a model, a file each."""
