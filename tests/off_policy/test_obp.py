"""Estimators against those of the Open Bandit Pipeline, on its own synthetic bandits and slates.

Saito, Aihara, Matsutani & Narita, "Open bandit dataset and pipeline" (NeurIPS 2021).
"""

from __future__ import annotations

import numpy as np
import pytest

from graphrec.off_policy.actions import ActionLog, judge
from graphrec.off_policy.slates import Floats

ope = pytest.importorskip("obp.ope")
dataset = pytest.importorskip("obp.dataset")

pytestmark = pytest.mark.slow

ACTIONS = 5


@pytest.fixture(scope="module")
def bandit() -> dict[str, object]:
    made = dataset.SyntheticBanditDataset(
        n_actions=ACTIONS,
        dim_context=3,
        reward_function=dataset.logistic_reward_function,
        behavior_policy_function=dataset.linear_behavior_policy,
        random_state=12,
    )
    found: dict[str, object] = made.obtain_batch_bandit_feedback(n_rounds=3000)
    return found


@pytest.mark.parametrize(
    ("estimator", "theirs"),
    [
        ("ips", lambda: ope.InverseProbabilityWeighting()),
        ("self-normalised", lambda: ope.SelfNormalizedInverseProbabilityWeighting()),
        ("doubly robust", lambda: ope.DoublyRobust()),
        ("switch", lambda: ope.SwitchDoublyRobust(tau=2.0)),
    ],
)
def test_agrees_with_obp(bandit: dict[str, object], estimator: str, theirs: object) -> None:
    rounds, rng = 3000, np.random.default_rng(1)
    target: Floats = rng.dirichlet(np.ones(ACTIONS), rounds)
    model: Floats = rng.random((rounds, ACTIONS))
    action = np.asarray(bandit["action"])
    log = ActionLog(
        tuple(map(str, range(ACTIONS))),
        action,
        np.asarray(bandit["pscore"]),
        np.asarray(bandit["reward"], np.float64),
        np.arange(rounds),
        np.asarray(bandit["context"]),
    )
    ours = judge("policy", log, target, predicted=model, switch_at=2.0)
    expected = theirs().estimate_policy_value(  # type: ignore[operator]
        reward=bandit["reward"],
        action=action,
        pscore=bandit["pscore"],
        action_dist=target[:, :, None],
        estimated_rewards_by_reg_model=model[:, :, None],
    )
    assert ours.of(estimator).value == pytest.approx(expected, rel=1e-9)
