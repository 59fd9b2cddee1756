"""Why somebody gets an action now, in a sentence."""

from __future__ import annotations

from collections.abc import Mapping

from graphrec.policy.decision import Decision
from graphrec.policy.definition import Policy


def why(
    policy: Policy, decision: Decision, expected: Mapping[str, tuple[float, float]], allowed: int
) -> str:
    """What the policy adds by an action, how likely it was, and how much of that is exploration.

    `expected` are the rewards that are expected of the actions, `allowed` how many may be taken.
    """
    if decision.why:
        return f"`{decision.action}`: {decision.why}"
    more = expected[decision.action][0] - expected[policy.usual][0]
    explored = policy.exploration / allowed
    if decision.action == policy.usual:
        said = f"`{decision.action}` is what serves without a policy"
    else:
        side = "more" if more >= 0 else "less"
        said = (
            f"`{decision.action}` is expected to bring {abs(more):.2g} {side} than `{policy.usual}`"
        )
    return (
        f"{said}; it is taken for {decision.chance:.3g} of such lists, of which {explored:.2g} "
        f"for exploration"
    )
