"""What a refresh did and what came of it, on one page.

`figures` gathers plain numbers, `svg` draws them, `page` lays them out, `archive` keeps them.
"""
