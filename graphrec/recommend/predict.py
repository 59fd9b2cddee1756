"""What a user would give an item, by the model of ratings in a snapshot, as of now."""

from __future__ import annotations

from graphrec.errors import NoRatings
from graphrec.ratings.predictor import PredictedRating, Rated, predicted
from graphrec.snapshot.view import View

NEWEST = 500
"""Ratings that someone is known by who came since the snapshot, the newest ones."""


def predict(view: View, user: str, item: str) -> PredictedRating:
    """The prediction for a pair of ids, known or not.

    A user without ratings in the snapshot is known by those that were written since. Raises
    NoRatings where the snapshot has no model of ratings.
    """
    snapshot = view.snapshot
    predictor = snapshot.ratings
    if predictor is None:
        raise NoRatings(snapshot.manifest.version)
    user_row = view.row(user)
    gone = item in view.delta.deleted or item in view.delta.renewed
    item_row = None if gone else snapshot.items.rows.get(item)
    rated = None
    if user_row is None or not predictor.baseline.user_ratings[user_row]:
        items, values = view.rated(user, predictor.kind)
        known = predictor.baseline.item_ratings[items] > 0
        rated = Rated(items[known][-NEWEST:], values[known][-NEWEST:])
    return predicted(predictor, user, item, user_row, item_row, rated)
