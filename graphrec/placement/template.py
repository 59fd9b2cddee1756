"""Templates of sentences: a text with the names of values in braces."""

from __future__ import annotations

from collections.abc import Mapping
from string import Formatter


def names_in(template: str) -> frozenset[str]:
    """The values that a template names; raises ValueError where it is no template."""
    parts = list(Formatter().parse(template))
    if any(form or conversion for _, name, form, conversion in parts if name is not None):
        raise ValueError(f"{template!r}: expected names alone in braces, as in {{people}}")
    names = frozenset(name for _, name, _, _ in parts if name is not None)
    wrong = sorted(name for name in names if not name.isidentifier())
    if wrong:
        raise ValueError(f"{template!r}: expected names in braces, not {wrong[0]!r}")
    return names


def a_template(text: str) -> str:
    """The text; raises ValueError where it is no template."""
    names_in(text)
    return text


def filled(template: str, values: Mapping[str, str | int | float]) -> str:
    """A template with its values; of one that there is not, nothing."""
    parts = []
    for text, name, _, _ in Formatter().parse(template):
        parts.append(text)
        if name is not None:
            parts.append(_shown(values.get(name, "")))
    return "".join(parts)


def _shown(value: str | int | float) -> str:
    if isinstance(value, float):
        return f"{value:.0f}" if value.is_integer() else f"{value:.1f}"
    return str(value)
