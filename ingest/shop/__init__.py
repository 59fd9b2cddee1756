"""A made-up shop with a planted truth: a catalogue, people, and what they view, buy and return."""
