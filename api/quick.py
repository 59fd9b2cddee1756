"""The two questions that are asked most, answered without a detour.

To find a route, and to read and check what it takes, costs FastAPI more than a list that is kept,
and half as much as one that is made. So the lists of users and of sessions are given here where the
question is a plain one. Any other, such as one with an error in it, goes on to the route of the
same path, which gives the same lists and says what is wrong.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from typing import Any, NamedTuple
from urllib.parse import unquote

import orjson
from fastapi import Request, Response
from graphrec.api.answers import given, key_of
from graphrec.api.engine import ready
from graphrec.api.errors import HANDLERS
from graphrec.api.limits import again
from graphrec.api.lists import SessionQuestion, UserQuestion, session_list, user_list
from starlette.routing import compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from graphrec.recommend.query import Live

USER_PATH = "/v1/users/{user_id}/recommendations"
SESSION_PATH = "/v1/recommendations"

SEVERAL = frozenset({"allow", "deny", "kinds"})
"""Parameters of a query that are lists."""

HANDLED = tuple(each for each in HANDLERS if isinstance(each, type))


class Questions(NamedTuple):
    """The models of what may be asked."""

    user: type[UserQuestion]
    session: type[SessionQuestion]


class Route(NamedTuple):
    """What requests are counted and logged by."""

    path: str


class Quick:
    """Middleware just before the router; it expects paths as they were sent
    (`graphrec.api.paths`).
    """

    def __init__(self, app: ASGIApp, questions: Questions) -> None:
        self._app = app
        self._questions = questions
        self._of_user = compile_path(USER_PATH)[0]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass the request on as it came."""
        response = None
        if scope["type"] == "http":
            if scope["method"] == "GET" and (found := self._of_user.match(scope["path"])):
                scope["path_params"], scope["route"] = found.groupdict(), Route(USER_PATH)
                request = Request(scope)
                response = await _plain(request, self._user_list(request))
            elif scope["method"] == "POST" and scope["path"] == SESSION_PATH:
                scope["route"] = Route(SESSION_PATH)
                message = await receive()
                request = Request(scope)
                response = await _plain(request, self._session_list(request, message))
                receive = again(message, receive)
        await (response or self._app)(scope, receive, send)

    async def _user_list(self, request: Request) -> Response:
        user = unquote(request.path_params["user_id"], errors="strict")
        version = (await ready(request)).snapshot.manifest.version
        state = request.app.state
        live = Live(None if state.feed is None else state.feed.overlay)
        answer = state.answers.get(key_of(request, version, user, live.edition_of(user)))
        if answer is not None:
            return given(request, version, answer, user)
        asked = self._questions.user.model_validate(_query(request))
        return await user_list(request, user, asked)

    async def _session_list(self, request: Request, message: Message) -> Response:
        said = [value for name, value in request.scope["headers"] if name == b"content-type"]
        if message.get("more_body") or said != [b"application/json"]:
            raise ValueError("the body comes in parts, or is not said to be JSON")
        asked = self._questions.session.model_validate(orjson.loads(message.get("body", b"")))
        return await session_list(request, asked)


async def _plain(request: Request, answer: Awaitable[Response]) -> Response | None:
    """An answer; None where a route must say what is wrong with the question."""
    try:
        return await answer
    except HANDLED as error:
        kind = next(each for each in type(error).__mro__ if each in HANDLED)
        return await HANDLERS[kind](request, error)
    except ValueError:  # as those of pydantic, JSON and UTF-8 are
        return None


def _query(request: Request) -> Mapping[str, Any]:
    """The parameters of a query; raises ValueError where one comes twice that is no list."""
    said: dict[str, Any] = {}
    for name, value in request.query_params.multi_items():
        if name in SEVERAL:
            said.setdefault(name, []).append(value)
        elif name in said:
            raise ValueError(f"{name} comes twice")
        else:
            said[name] = value
    return said
