"""What a user would give an item, by the model of ratings in a snapshot, as of now."""

from __future__ import annotations

from graphrec.errors import NoRatings
from graphrec.ratings.fold_in import Rated, rating_of
from graphrec.ratings.predictor import PredictedRating, predicted, prediction
from graphrec.snapshot.view import View


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
    base = predictor.baseline
    if user_row is None or not base.user_ratings[user_row]:
        rated = Rated.of(base, *view.rated(user, predictor.kind))
        if len(rated.items):
            of_item = 0 if item_row is None else int(base.item_ratings[item_row])
            value = rating_of(predictor, rated, item_row if of_item else None)
            return prediction(predictor, user, item, value, len(rated.items), of_item)
    return predicted(predictor, user, item, user_row, item_row)
