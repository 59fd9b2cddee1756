"""Policies: which there are, what they have learned, and what somebody gets."""

# No `from __future__ import annotations`: FastAPI reads the annotations of handlers at run time.

from typing import Annotated

from fastapi import Query, Request
from graphrec.api.errors import documented
from graphrec.api.middleware.access import READ
from graphrec.api.routes.router import new_router
from graphrec.api.schemas.policies import NamedAction, NamedPolicy, PoliciesQuery, PolicyList
from graphrec.api.service import Service, Serving

from graphrec.policy.beliefs import expected
from graphrec.policy.decision import Decision
from graphrec.policy.definition import Policy
from graphrec.policy.reasons import why

router = new_router("policies")


@router.get("/policies", openapi_extra=READ, responses=documented("invalid_request", "not_ready"))
async def policies(
    query: Annotated[PoliciesQuery, Query()], request: Request, service: Serving
) -> PolicyList:
    """The policies of the settings, what they have learned, and the actions of a user."""
    agent = request.headers.get("user-agent", "")
    named = sorted(service.settings.policies.items())
    return PolicyList(tuple(_named(service, name, each, query.user, agent) for name, each in named))


def _named(
    service: Service, name: str, policy: Policy, user: str | None, agent: str
) -> NamedPolicy:
    view = service.recommender_for(user).view
    learned = service.policies.known(name, view)
    decision: Decision | None = None
    chance, believed = {}, {}
    if user is not None:
        decision = service.policies.decide(name, user, view, agent)
        if not decision.why:
            chance = dict(service.policies.chances(name, decision.context, view))
        believed = dict(expected(learned.beliefs, frozenset(decision.context)))
    return NamedPolicy(
        name,
        policy.enabled and name not in service.policies.off,
        policy.learner,
        policy.lists,
        policy.exploration,
        learned.lists,
        learned.until or None,
        service.policies.reason,
        tuple(
            NamedAction(
                action,
                each.model_dump(mode="json", exclude_unset=True),
                learned.shown[action],
                learned.rewards[action],
                learned.broken.get(action),
                believed[action][0] if believed else None,
                believed[action][1] if believed else None,
                chance.get(action),
            )
            for action, each in policy.actions.items()
        ),
        None if decision is None else decision.action,
        () if decision is None else decision.context,
        None if decision is None else why(policy, decision, believed, len(learned.allowed)),
    )
