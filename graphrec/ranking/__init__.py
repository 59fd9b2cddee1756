"""From candidates to one list: fusion of sources, diversity, exploration."""
