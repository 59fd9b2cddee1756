"""Experiments: which there are, and who gets what."""

# No `from __future__ import annotations`: FastAPI reads the annotations of handlers at run time.

import time
from typing import Annotated

from fastapi import Query
from graphrec.api.errors import documented
from graphrec.api.middleware.access import READ
from graphrec.api.routes.router import new_router
from graphrec.api.schemas.experiments import (
    ExperimentList,
    ExperimentsQuery,
    NamedExperiment,
    NamedGoal,
    NamedVariant,
)
from graphrec.api.service import Service, Serving

from graphrec.experiment.assignment import variant_of
from graphrec.experiment.definition import Experiment

router = new_router("experiments")


@router.get(
    "/experiments", openapi_extra=READ, responses=documented("invalid_request", "not_ready")
)
async def experiments(
    query: Annotated[ExperimentsQuery, Query()], service: Serving
) -> ExperimentList:
    """The experiments of the settings, with the share of each variant."""
    named = sorted(service.settings.experiments.items())
    return ExperimentList(tuple(_named(service, name, each, query.user) for name, each in named))


def _named(
    service: Service, name: str, experiment: Experiment, user: str | None
) -> NamedExperiment:
    state, shares = experiment.state(time.time_ns() // 1_000_000), experiment.shares
    reason = service.experiments.reason(experiment) if state == "running" else None
    return NamedExperiment(
        name,
        state,
        reason,
        experiment.lists,
        experiment.start,
        experiment.end,
        tuple(
            NamedVariant(
                variant,
                round(shares[variant], 12),
                variant == experiment.control,
                each.model_dump(mode="json", exclude_unset=True, exclude={"share"}),
            )
            for variant, each in experiment.variants.items()
        ),
        tuple(
            NamedGoal(goal, each.kinds or (goal,), each.days)
            for goal, each in experiment.goals.items()
        ),
        None if user is None or reason is not None else variant_of(user, name, experiment),
    )
