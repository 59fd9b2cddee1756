"""What goes wrong around a service, on purpose, each as one function."""
