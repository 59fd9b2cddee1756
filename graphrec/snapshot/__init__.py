"""The published artefact: what is in it, how it is written, read, updated and taken back."""
