"""What an item is one of, as a reason names it."""

from __future__ import annotations

from graphrec.data import labels
from graphrec.retrieval.profile import UserProfile
from graphrec.snapshot.view import View


def label_of(view: View, profile: UserProfile, row: int) -> str | None:
    """The first category or tag of an item row that something a person likes has too.

    Else its first category or tag; None where it has none.
    """
    attributes, held = view.items.attributes(row), view.snapshot.item_attributes
    own = [
        (name, label) for name in view.items.label_names for label in labels(attributes.get(name))
    ]
    theirs = {
        (name, label)
        for name in dict.fromkeys(name for name, _ in own)
        for liked in profile.history.tolist()
        for label in labels(held[name].values[liked])
    }
    return next((label for name, label in own if (name, label) in theirs), None) or next(
        (label for _, label in own), None
    )
