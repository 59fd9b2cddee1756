"""Placements as data: named questions, such as `also-bought`, that the settings define."""
