"""A simulator of people who are shown lists, whose truth is known: for tests, benchmarks and docs.

    world = World(people=200, items=60, fatigue=0.5)
    life = Life(world, seed=1)
    visit = life.visit()
    outcome = life.respond(visit, life.best(visit))

It needs NumPy alone, beside what `graphrec.testing` needs.
"""

from graphrec.testing.simulation.lists import explored_list, logged_lists
from graphrec.testing.simulation.policies import (
    Act,
    Done,
    EpsilonGreedy,
    Fixed,
    Learned,
    Optimal,
    Policy,
    Uniform,
)
from graphrec.testing.simulation.regret import Course, course
from graphrec.testing.simulation.replay import Replayed, replay
from graphrec.testing.simulation.strategies import STRATEGIES, listed
from graphrec.testing.simulation.world import Life, Outcome, Visit, World

__all__ = [
    "STRATEGIES",
    "Act",
    "Course",
    "Done",
    "EpsilonGreedy",
    "Fixed",
    "Learned",
    "Life",
    "Optimal",
    "Outcome",
    "Policy",
    "Replayed",
    "Uniform",
    "Visit",
    "World",
    "course",
    "explored_list",
    "listed",
    "logged_lists",
    "replay",
]
