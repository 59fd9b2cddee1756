"""How answers draw themselves in a notebook: tables, and an explanation as its paths."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

PATH_HEIGHT = 34
"""Pixels between two paths."""

WIDTH = 640


def table(head: Sequence[str], rows: Iterable[Sequence[object]], caption: str) -> str:
    """A table of texts and numbers, which are escaped."""
    cells = "".join(
        "<tr>" + "".join(f"<td style='text-align:left'>{_text(c)}</td>" for c in row) + "</tr>"
        for row in rows
    )
    names = "".join(f"<th style='text-align:left'>{escape(name)}</th>" for name in head)
    return (
        f"<table><caption style='text-align:left'>{escape(caption)}</caption>"
        f"<thead><tr>{names}</tr></thead><tbody>{cells}</tbody></table>"
    )


def paths(start: str, items: Sequence[tuple[str, str]], end: str) -> str:
    """A picture of paths from a user over items they like to an item.

    Each path is the name of an item and what stands on the way from it, such as how many users.
    """
    height = PATH_HEIGHT * max(len(items), 1) + 20
    middle = height / 2
    lines = []
    for place, (name, people) in enumerate(items):
        y = PATH_HEIGHT * place + 10 + PATH_HEIGHT / 2
        lines.append(
            f"<path d='M60 {middle} C110 {middle} 110 {y} 150 {y}' fill='none' stroke='#888'/>"
            f"<path d='M340 {y} C430 {y} 430 {middle} 480 {middle}' fill='none' stroke='#888'/>"
            f"<text x='155' y='{y + 4}'>{escape(_short(name))}</text>"
            f"<text x='345' y='{y - 4}' fill='#888' font-size='11'>{escape(people)}</text>"
        )
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {height}' width='{WIDTH}' "
        f"height='{height}' role='img' font-family='sans-serif' font-size='13' "
        f"fill='currentColor'>{''.join(lines)}"
        f"<text x='5' y='{middle + 4}' font-weight='bold'>{escape(_short(start, 8))}</text>"
        f"<text x='485' y='{middle + 4}' font-weight='bold'>{escape(_short(end, 24))}</text></svg>"
    )


def _text(cell: object) -> str:
    if isinstance(cell, float):
        return f"{cell:.4g}"
    return escape("" if cell is None else str(cell))


def _short(name: str, length: int = 26) -> str:
    return name if len(name) <= length else f"{name[: length - 1]}…"
