"""The sentences of reasons: a template for each code, in each language.

A template is a text with the names of values in braces, as in "Popular: {people} people liked it".
One whose code ends in `.one` is of exactly one person. Settings may add and replace templates, and
add languages, under `[reasons.LANGUAGE]`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from graphrec.placement.template import filled
from graphrec.recommend.reasons import de, en, zh
from graphrec.retrieval.reason import Reason

Templates: TypeAlias = Mapping[str, str]
"""By code."""

LANGUAGES: Mapping[str, Templates] = {
    "en": en.TEMPLATES,
    "de": de.TEMPLATES,
    "zh": zh.TEMPLATES,
}
"""Those that are shipped; English has all codes."""

DEFAULT_LANGUAGE = "en"

NO_TEMPLATES: Templates = {}


def sentence(
    reason: Reason,
    language: str = DEFAULT_LANGUAGE,
    own: Mapping[str, Templates] | None = None,
    first: Templates = NO_TEMPLATES,
) -> str:
    """The sentence of a reason in a language, else in English, else the code itself.

    `first` are templates that go before all others, such as those of a placement, and `own` those
    of the settings by language. A language such as `de-AT` is that of `de` where it has no template
    of its own.
    """
    own = own or {}
    names = dict.fromkeys((language, language.partition("-")[0], DEFAULT_LANGUAGE))
    found = [first]
    for name in names:
        found += [own.get(name, NO_TEMPLATES), LANGUAGES.get(name, NO_TEMPLATES)]
    codes = (f"{reason.code}.one", reason.code) if reason.values.get("people") == 1 else ()
    for templates in found:
        for code in codes or (reason.code,):
            if code in templates:
                return filled(templates[code], reason.values)
    return reason.code
