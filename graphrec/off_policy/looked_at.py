"""How likely each place of a list is looked at, estimated from what exploration drew.

An item that was drawn stands at any place as likely, so that what comes of drawn items at one
place, against another, tells only of the places. With the power law rank ** -η (Joachims,
Swaminathan & Schnabel, "Unbiased learning-to-rank with biased feedback", WSDM 2017), η is that of
the largest likelihood of the outcomes, as counts of a Poisson distribution.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FEWEST = 50
"""Outcomes of drawn items below which places are not told apart."""

USUAL = 1.0
"""η where the log has too few."""

STEEPEST = 3.0


def power_of_places(outcomes: Floats, drawn: Floats) -> float | None:
    """η, from the outcomes [k] of the items that were drawn, `drawn` [k], at each place.

    None where there are too few.
    """
    total = float(outcomes.sum())
    if total < FEWEST or np.count_nonzero(drawn) < 2:
        return None
    rank = np.arange(1, len(drawn) + 1, dtype=np.float64)
    powers = np.linspace(0.0, STEEPEST, 301)
    look = rank[None, :] ** -powers[:, None]
    # The common rate of the counts has the largest likelihood as total / Σ drawn · look.
    log_likelihood = outcomes @ np.log(look).T - total * np.log(look @ drawn)
    return float(powers[int(np.argmax(log_likelihood))])


def looked_at(power: float, k: int) -> Floats:
    """How likely each place [k] is looked at, against the first."""
    return np.arange(1, k + 1, dtype=np.float64) ** -power
