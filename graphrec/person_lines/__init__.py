"""Taking people's lines out of files of text, whatever the files are called, packed or not."""
