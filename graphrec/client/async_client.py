"""The client for asyncio.

Made from the OpenAPI document by `python -m scripts.clients`: do not edit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, cast

from graphrec.client import models
from graphrec.client.call import Call, path_part
from graphrec.client.transport import AsyncTransport

if TYPE_CHECKING:
    import httpx


class AsyncClient:
    """A service at a URL, such as `http://localhost:8000`; connections are kept and used again.

    What may be repeated is sent again where no answer comes, or the service says to come again
    later. Methods raise `graphrec.client.ClientError`.
    """

    def __init__(
        self,
        url: str,
        key: str | None = None,
        *,
        timeout: float = 10.0,
        retries: int = 3,
        http: httpx.AsyncClient | None = None,
    ) -> None:
        """`key` is an API key, `timeout` the seconds for an answer, and `retries` how often a call
        is sent again; `http` sends them, if it is given, and is then the caller's to close.
        """
        self._transport = AsyncTransport(url, key, timeout, retries, http)

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.close()

    async def user_recommendations(
        self,
        user_id: str,
        *,
        k: int | None = None,
        exclude_seen: bool | None = None,
        allow: list[str] | None = None,
        deny: list[str] | None = None,
        diversity: float | None = None,
        exploration: float | None = None,
        exploration_by: Literal["epsilon", "thompson"] | None = None,
        segment: str | None = None,
        explain: bool | None = None,
        language: str | None = None,
        kinds: list[str] | None = None,
        as_of: int | str | None = None,
    ) -> models.UserRecommendations:
        """The best items that the user has not seen; popular ones where the user is unknown."""
        call = Call(
            "GET",
            f"/v1/users/{path_part(user_id)}/recommendations",
            query={
                "k": k,
                "exclude_seen": exclude_seen,
                "allow": allow,
                "deny": deny,
                "diversity": diversity,
                "exploration": exploration,
                "exploration_by": exploration_by,
                "segment": segment,
                "explain": explain,
                "language": language,
                "kinds": kinds,
                "as_of": as_of,
            },
            body=None,
            repeatable=True,
        )
        return cast("models.UserRecommendations", await self._transport.send(call))

    async def user_recommendations_by_rules(
        self, user_id: str, body: models.UserBody
    ) -> models.UserRecommendations:
        """The same, with rules of this request; nothing is stored."""
        call = Call(
            "POST",
            f"/v1/users/{path_part(user_id)}/recommendations",
            query={},
            body=body,
            repeatable=True,
        )
        return cast("models.UserRecommendations", await self._transport.send(call))

    async def session_recommendations(self, body: models.Session) -> models.SessionRecommendations:
        """The best items for a visitor who likes these items; popular ones without any."""
        call = Call("POST", "/v1/recommendations", query={}, body=body, repeatable=True)
        return cast("models.SessionRecommendations", await self._transport.send(call))

    async def related_items(
        self,
        item_id: str,
        *,
        k: int | None = None,
        by: Literal["graph", "embedding", "store"] | None = None,
        similarity: Literal["cosine", "jaccard", "lift"] | None = None,
        kinds: list[str] | None = None,
        after: bool | None = None,
    ) -> models.RelatedItems:
        """The items most like an item."""
        call = Call(
            "GET",
            f"/v1/items/{path_part(item_id)}/related",
            query={"k": k, "by": by, "similarity": similarity, "kinds": kinds, "after": after},
            body=None,
            repeatable=True,
        )
        return cast("models.RelatedItems", await self._transport.send(call))

    async def live(self) -> models.Live:
        """Whether the process runs: 200 from the moment it listens, with or without a
        snapshot.
        """
        call = Call("GET", "/health/live", query={}, body=None, repeatable=True)
        return cast("models.Live", await self._transport.send(call))

    async def ready(self) -> models.Readiness:
        """Whether recommendations can be given; 503, with the reason, where they cannot."""
        call = Call("GET", "/health/ready", query={}, body=None, repeatable=True)
        return cast("models.Readiness", await self._transport.send(call))

    async def user_explanation(
        self, user_id: str, item_id: str, *, k: int | None = None
    ) -> models.UserExplanation:
        """Why the item is, or is not, recommended to the user: sources, and paths with
        counts.
        """
        call = Call(
            "GET",
            f"/v1/users/{path_part(user_id)}/recommendations/{path_part(item_id)}/explanation",
            query={"k": k},
            body=None,
            repeatable=True,
        )
        return cast("models.UserExplanation", await self._transport.send(call))

    async def user_why_not(
        self,
        user_id: str,
        item_id: str,
        *,
        exclude_seen: bool | None = None,
        allow: list[str] | None = None,
        deny: list[str] | None = None,
        kinds: list[str] | None = None,
        as_of: int | str | None = None,
    ) -> models.UserWhyNot:
        """What became of the item in the user's list: its place and score, or why it has
        none.
        """
        call = Call(
            "GET",
            f"/v1/users/{path_part(user_id)}/why-not/{path_part(item_id)}",
            query={
                "exclude_seen": exclude_seen,
                "allow": allow,
                "deny": deny,
                "kinds": kinds,
                "as_of": as_of,
            },
            body=None,
            repeatable=True,
        )
        return cast("models.UserWhyNot", await self._transport.send(call))

    async def session_explanation(self, body: models.ExplainedSession) -> models.SessionExplanation:
        """Why an item is, or is not, recommended to a visitor who likes these items."""
        call = Call("POST", "/v1/explanations", query={}, body=body, repeatable=True)
        return cast("models.SessionExplanation", await self._transport.send(call))

    async def session_why_not(self, body: models.WhyNotSession) -> models.SessionWhyNot:
        """What became of an item in the list for a visitor who likes these items."""
        call = Call("POST", "/v1/why-not", query={}, body=body, repeatable=True)
        return cast("models.SessionWhyNot", await self._transport.send(call))

    async def user_rating(self, user_id: str, item_id: str) -> models.UserRating:
        """What the user would give the item. Of either without ratings, the biases, and a
        note.
        """
        call = Call(
            "GET",
            f"/v1/users/{path_part(user_id)}/ratings/{path_part(item_id)}",
            query={},
            body=None,
            repeatable=True,
        )
        return cast("models.UserRating", await self._transport.send(call))

    async def placements(self) -> models.Placements:
        """The placements that can be asked, by name."""
        call = Call("GET", "/v1/placements", query={}, body=None, repeatable=True)
        return cast("models.Placements", await self._transport.send(call))

    async def placement(
        self,
        name: str,
        *,
        user: str | None = None,
        item: str | None = None,
        items: list[str] | None = None,
        k: int | None = None,
        where: list[str] | None = None,
        segment: str | None = None,
        fields: str | None = None,
        language: str | None = None,
        explain: bool | None = None,
        by: Literal["snapshot", "store"] | None = None,
    ) -> models.Placed:
        """The list of a placement, for a user, beside items, or both."""
        call = Call(
            "GET",
            f"/v1/placements/{path_part(name)}",
            query={
                "user": user,
                "item": item,
                "items": items,
                "k": k,
                "where": where,
                "segment": segment,
                "fields": fields,
                "language": language,
                "explain": explain,
                "by": by,
            },
            body=None,
            repeatable=True,
        )
        return cast("models.Placed", await self._transport.send(call))

    async def placement_by_rules(self, name: str, body: models.PlacementBody) -> models.Placed:
        """The same, with rules of this request and attributes of a visitor; nothing is
        stored.
        """
        call = Call(
            "POST", f"/v1/placements/{path_part(name)}", query={}, body=body, repeatable=True
        )
        return cast("models.Placed", await self._transport.send(call))

    async def policies(self, *, user: str | None = None) -> models.PolicyList:
        """The policies of the settings, what they have learned, and the actions of a user."""
        call = Call("GET", "/v1/policies", query={"user": user}, body=None, repeatable=True)
        return cast("models.PolicyList", await self._transport.send(call))

    async def experiments(self, *, user: str | None = None) -> models.ExperimentList:
        """The experiments of the settings, with the share of each variant."""
        call = Call("GET", "/v1/experiments", query={"user": user}, body=None, repeatable=True)
        return cast("models.ExperimentList", await self._transport.send(call))

    async def items(
        self, *, limit: int | None = None, cursor: str | None = None, query: str | None = None
    ) -> models.ItemPage:
        """Items by title or id; of equally good matches, the most popular first."""
        call = Call(
            "GET",
            "/v1/items",
            query={"limit": limit, "cursor": cursor, "query": query},
            body=None,
            repeatable=True,
        )
        return cast("models.ItemPage", await self._transport.send(call))

    async def users(
        self, *, limit: int | None = None, cursor: str | None = None, query: str | None = None
    ) -> models.UserPage:
        """Users by id; of equally good matches, those who like most items first."""
        call = Call(
            "GET",
            "/v1/users",
            query={"limit": limit, "cursor": cursor, "query": query},
            body=None,
            repeatable=True,
        )
        return cast("models.UserPage", await self._transport.send(call))

    async def item(self, item_id: str) -> models.ItemDetails:
        """The attributes of an item as they are now; its likes are those in the snapshot."""
        call = Call("GET", f"/v1/items/{path_part(item_id)}", query={}, body=None, repeatable=True)
        return cast("models.ItemDetails", await self._transport.send(call))

    async def put_item(self, item_id: str, body: models.PutItem) -> models.Stored:
        """Add an item, or set attributes of one and add links; the next answer has them."""
        call = Call("PUT", f"/v1/items/{path_part(item_id)}", query={}, body=body, repeatable=True)
        return cast("models.Stored", await self._transport.send(call))

    async def delete_item(self, item_id: str) -> models.Deleted:
        """Delete an item with its events; from the next answer on it is not recommended."""
        call = Call(
            "DELETE", f"/v1/items/{path_part(item_id)}", query={}, body=None, repeatable=True
        )
        return cast("models.Deleted", await self._transport.send(call))

    async def user(
        self, user_id: str, *, limit: int | None = None, cursor: str | None = None
    ) -> models.UserDetails:
        """A user, their attributes, and the items that they have seen."""
        call = Call(
            "GET",
            f"/v1/users/{path_part(user_id)}",
            query={"limit": limit, "cursor": cursor},
            body=None,
            repeatable=True,
        )
        return cast("models.UserDetails", await self._transport.send(call))

    async def put_user(self, user_id: str, body: models.PutUser) -> models.Stored:
        """Add a user, or set attributes of one; one who was forgotten may come back by it."""
        call = Call("PUT", f"/v1/users/{path_part(user_id)}", query={}, body=body, repeatable=True)
        return cast("models.Stored", await self._transport.send(call))

    async def delete_user(self, user_id: str) -> models.ForgottenUser:
        """Delete a user: once it is answered, no table and no file has anything of them."""
        call = Call(
            "DELETE", f"/v1/users/{path_part(user_id)}", query={}, body=None, repeatable=True
        )
        return cast("models.ForgottenUser", await self._transport.send(call))

    async def user_events(
        self, user_id: str, *, limit: int | None = None, cursor: str | None = None
    ) -> models.UserEventPage:
        """What a user did, the latest first: kinds and times, and values where there is a
        store.
        """
        call = Call(
            "GET",
            f"/v1/users/{path_part(user_id)}/events",
            query={"limit": limit, "cursor": cursor},
            body=None,
            repeatable=True,
        )
        return cast("models.UserEventPage", await self._transport.send(call))

    async def activity(
        self, *, item: str | None = None, days: int | None = None
    ) -> models.ActivityCounts:
        """Events, users and items over time: of the whole log as of now, or of one item."""
        call = Call(
            "GET", "/v1/activity", query={"item": item, "days": days}, body=None, repeatable=True
        )
        return cast("models.ActivityCounts", await self._transport.send(call))

    async def user_similar(self, user_id: str, *, k: int | None = None) -> models.SimilarUsers:
        """The users who like the same items, at least two of them, by the snapshot: what
        they share.
        """
        call = Call(
            "GET",
            f"/v1/users/{path_part(user_id)}/similar",
            query={"k": k},
            body=None,
            repeatable=True,
        )
        return cast("models.SimilarUsers", await self._transport.send(call))

    async def popular(self, *, k: int | None = None) -> models.PopularItems:
        """The most popular items: the list of a visitor we know nothing about."""
        call = Call("GET", "/v1/popular", query={"k": k}, body=None, repeatable=True)
        return cast("models.PopularItems", await self._transport.send(call))

    async def snapshot(self) -> models.SnapshotFacts:
        """The snapshot that serves: its data, its models, and their metrics."""
        call = Call("GET", "/v1/snapshot", query={}, body=None, repeatable=True)
        return cast("models.SnapshotFacts", await self._transport.send(call))

    async def graph_item(
        self,
        item_id: str,
        *,
        k: int | None = None,
        kinds: list[str] | None = None,
        since: int | str | None = None,
        until: int | str | None = None,
    ) -> models.GraphHop:
        """What an item has edges to: people by what they did, values of its attributes, and
        links.
        """
        call = Call(
            "GET",
            f"/v1/graph/items/{path_part(item_id)}",
            query={"k": k, "kinds": kinds, "since": since, "until": until},
            body=None,
            repeatable=True,
        )
        return cast("models.GraphHop", await self._transport.send(call))

    async def graph_people(
        self,
        item_id: str,
        *,
        k: int | None = None,
        kinds: list[str] | None = None,
        since: int | str | None = None,
        until: int | str | None = None,
    ) -> models.GraphHop:
        """The items with which most of the people of an item did the same, by what they did."""
        call = Call(
            "GET",
            f"/v1/graph/items/{path_part(item_id)}/people",
            query={"k": k, "kinds": kinds, "since": since, "until": until},
            body=None,
            repeatable=True,
        )
        return cast("models.GraphHop", await self._transport.send(call))

    async def graph_user(
        self,
        user_id: str,
        *,
        k: int | None = None,
        kinds: list[str] | None = None,
        since: int | str | None = None,
        until: int | str | None = None,
    ) -> models.GraphHop:
        """The items that a user did most with."""
        call = Call(
            "GET",
            f"/v1/graph/users/{path_part(user_id)}",
            query={"k": k, "kinds": kinds, "since": since, "until": until},
            body=None,
            repeatable=True,
        )
        return cast("models.GraphHop", await self._transport.send(call))

    async def graph_value(
        self,
        attribute: str,
        value: str,
        *,
        k: int | None = None,
        kinds: list[str] | None = None,
        since: int | str | None = None,
        until: int | str | None = None,
    ) -> models.GraphHop:
        """The items with a value of an attribute, those first that most people did something
        with.
        """
        call = Call(
            "GET",
            f"/v1/graph/values/{path_part(attribute)}/{path_part(value)}",
            query={"k": k, "kinds": kinds, "since": since, "until": until},
            body=None,
            repeatable=True,
        )
        return cast("models.GraphHop", await self._transport.send(call))

    async def graph_linked(
        self,
        relation: str,
        node_type: str,
        node: str,
        *,
        k: int | None = None,
        kinds: list[str] | None = None,
        since: int | str | None = None,
        until: int | str | None = None,
    ) -> models.GraphHop:
        """The items linked to a node, those first that most people did something with."""
        call = Call(
            "GET",
            f"/v1/graph/linked/{path_part(relation)}/{path_part(node_type)}/{path_part(node)}",
            query={"k": k, "kinds": kinds, "since": since, "until": until},
            body=None,
            repeatable=True,
        )
        return cast("models.GraphHop", await self._transport.send(call))

    async def item_map(
        self, *, attribute: str | None = None, limit: int | None = None
    ) -> models.MapOfItems:
        """The most popular items as points, near each other where their embeddings are
        alike.
        """
        call = Call(
            "GET",
            "/v1/map",
            query={"attribute": attribute, "limit": limit},
            body=None,
            repeatable=True,
        )
        return cast("models.MapOfItems", await self._transport.send(call))

    async def refreshes(self) -> models.Refreshes:
        """The latest refreshes of which a report was kept, and what was measured."""
        call = Call("GET", "/v1/refreshes", query={}, body=None, repeatable=True)
        return cast("models.Refreshes", await self._transport.send(call))

    async def click_rates(self) -> models.ClickRates:
        """How often what was listed was followed by an event, by snapshot: the latest lists."""
        call = Call("GET", "/v1/click-rates", query={}, body=None, repeatable=True)
        return cast("models.ClickRates", await self._transport.send(call))

    async def new_events(self, body: models.Batch) -> models.Accepted:
        """Store events: all of them, or none where one is not valid."""
        call = Call("POST", "/v1/events", query={}, body=body, repeatable=False)
        return cast("models.Accepted", await self._transport.send(call))

    async def delete_events(
        self,
        body: models.KeysOfEvents | None | None = None,
        *,
        user: str | None = None,
        item: str | None = None,
        kind: str | None = None,
        time: int | str | None = None,
    ) -> models.TakenBack:
        """Take events back: the next answer is as if they had never been sent."""
        call = Call(
            "DELETE",
            "/v1/events",
            query={"user": user, "item": item, "kind": kind, "time": time},
            body=body,
            repeatable=True,
        )
        return cast("models.TakenBack", await self._transport.send(call))

    async def snapshots(self) -> models.SnapshotList:
        """The published snapshots, and which one serves."""
        call = Call("GET", "/v1/admin/snapshots", query={}, body=None, repeatable=True)
        return cast("models.SnapshotList", await self._transport.send(call))

    async def reload(self) -> models.SnapshotChange:
        """Serve the current snapshot now, also one that was refused before."""
        call = Call("POST", "/v1/admin/reload", query={}, body=None, repeatable=False)
        return cast("models.SnapshotChange", await self._transport.send(call))

    async def promote(self) -> models.SnapshotChange:
        """Let the canary serve everyone, in this and every process on the same folder."""
        call = Call("POST", "/v1/admin/promote", query={}, body=None, repeatable=False)
        return cast("models.SnapshotChange", await self._transport.send(call))

    async def rollback(self, body: models.RollbackRequest) -> models.SnapshotChange:
        """Make an earlier snapshot the current one, in this and every process on the same
        folder.
        """
        call = Call("POST", "/v1/admin/rollback", query={}, body=body, repeatable=False)
        return cast("models.SnapshotChange", await self._transport.send(call))
