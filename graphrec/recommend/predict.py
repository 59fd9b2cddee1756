"""What a user would give an item, by the model of ratings in a snapshot."""

from __future__ import annotations

from graphrec.errors import SnapshotError
from graphrec.ratings.predictor import PredictedRating, predicted
from graphrec.snapshot.view import View


def predict(view: View, user: str, item: str) -> PredictedRating:
    """The prediction for a pair of ids, known or not.

    Raises SnapshotError where the snapshot has no model of ratings.
    """
    snapshot = view.snapshot
    if snapshot.ratings is None:
        raise SnapshotError(
            f"snapshot {snapshot.manifest.version!r} has no model of ratings: expected one that "
            f"was trained on ratings; load events of a kind with a threshold, such as rating, see "
            f"that [ratings] model is not none, and train again"
        )
    rows = snapshot.users.rows.get(user), snapshot.items.rows.get(item)
    return predicted(snapshot.ratings, user, item, *rows)
