"""Models of the order in which people act: attention, recurrence, convolution, two towers."""
