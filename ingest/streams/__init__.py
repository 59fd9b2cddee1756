"""Streams of events and of changes of a catalogue: brokers, envelopes, and the loop over them."""
