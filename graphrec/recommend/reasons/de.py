"""The sentences of reasons in German."""

from __future__ import annotations

from collections.abc import Mapping

TEMPLATES: Mapping[str, str] = {
    "seen": "{name} kennst du schon",
    "left-out": "Ausgeschlossen: why-not sagt, wodurch",
    "boost": "{name} wird durch eine Regel hervorgehoben",
    "source": "{said}",
    "liked-together": (
        "Weil dir {via} gefallen hat: {people} Personen, denen das gefiel, mochten auch {name}"
    ),
    "liked-together.one": (
        "Weil dir {via} gefallen hat: {people} Person, der das gefiel, mochte auch {name}"
    ),
    "similar-to-liked": "Ähnlich zu dem, was dir gefällt",
    "people-like-you": "Passt zu Menschen wie dir",
    "next": "Als Nächstes nach {via}, bei Menschen mit ähnlichem Verlauf",
    "attribute-alike": "Weil dir {via} gefallen hat: {attribute} ist ähnlich",
    "popular": "Beliebt: gefällt {people} Personen",
    "popular.one": "Beliebt: gefällt {people} Person",
    "popular-in": "Beliebt in {segment}: gefällt dort {people} Personen",
    "popular-in.one": "Beliebt in {segment}: gefällt dort {people} Person",
    "popular-lately": "Beliebt: {people} Personen in den letzten {days} Tagen",
    "popular-lately.one": "Beliebt: {people} Person in den letzten {days} Tagen",
    "nobody-yet": "Neu: noch hat es niemand bewertet",
    "trending": "Im Trend: {people} Personen in den letzten {days} Tagen, davor {before}",
    "trending.one": "Im Trend: {people} Person in den letzten {days} Tagen, davor {before}",
    "new": "Neu",
    "new-in": "Neu in {value}",
    "new-shared": "Neu, und ähnlich zu dem, was dir gefallen hat: {shared}",
    "new-near": "Neu, und ähnlich zu dem, was dir gefällt",
    "new-explored": "Neu: zum Kennenlernen gezeigt",
    "exploration": "Um herauszufinden, ob dir {name} gefällt",
    "also-bought": "{people} Personen, die {via} gekauft haben, haben auch das gekauft",
    "also-bought.one": "{people} Person, die {via} gekauft hat, hat auch das gekauft",
    "bought-after": "{people} Personen haben es nach {via} gekauft",
    "bought-after.one": "{people} Person hat es nach {via} gekauft",
    "also-viewed": "{people} Personen, die {via} angesehen haben, haben auch das angesehen",
    "also-viewed.one": "{people} Person, die {via} angesehen hat, hat auch das angesehen",
    "together": "Passt zu {via}: {people} Personen haben beides gewählt",
    "together.one": "Passt zu {via}: {people} Person hat beides gewählt",
    "alike": "Ähnlich wie {via}",
    "alike-in": "Ähnlich wie {via}: {value}",
    "recent": "Angesehen am {date}",
    "again": "{times}-mal gewählt, etwa alle {days} Tage: fällig am {date}",
    "again-usual": "Wird etwa alle {days} Tage wieder gewählt: fällig am {date}",
    "pinned": "Empfohlen",
}
