"""What users would give items."""

# No `from __future__ import annotations`: FastAPI reads the annotations of handlers at run time.

from graphrec.api.errors import documented
from graphrec.api.middleware.access import READ
from graphrec.api.routes.router import new_router
from graphrec.api.schemas.fields import ItemId, UserId
from graphrec.api.schemas.ratings import UserRating
from graphrec.api.service import Ready

router = new_router("ratings")


@router.get(
    "/users/{user_id}/ratings/{item_id}",
    openapi_extra=READ,
    responses=documented("no_ratings", "invalid_request", "not_ready"),
)
def user_rating(user_id: UserId, item_id: ItemId, recommender: Ready) -> UserRating:
    """What the user would give the item. Of either without ratings, the biases, and a note."""
    found = recommender.predict(user_id, item_id)
    items = recommender.view.items
    row = items.ids.rows.get(item_id)
    return UserRating(
        version=recommender.snapshot.manifest.version,
        title=None if row is None else items.titles[row],
        **vars(found),
    )
