"""What policies have learned by now, for a snapshot to keep: as a service works it out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from graphrec.data import Graph
from graphrec.data.kinds import KindPolicy
from graphrec.experiments.lists import ListLog
from graphrec.experiments.outcomes import events_in, numbers_in
from graphrec.policies.guards import Watched
from graphrec.policies.learning import learn
from graphrec.policy.definition import Policy
from graphrec.policy.learned import Learned

DAY = 86_400_000


def plain_lines(folder: Path) -> Iterator[bytes]:
    """The lines of the days of a log that are not packed, as a service reads them."""
    for path in sorted(folder.glob("*.jsonl")):
        with path.open("rb") as file:
            yield from file


def learned_by_now(
    policies: Mapping[str, Policy],
    lines: Iterable[bytes],
    graph: Graph,
    kinds: Mapping[str, KindPolicy],
    name_of: Callable[[str], str],
    watched: Watched,
) -> Mapping[str, Learned]:
    """By policy that made any list, what it learned of lines of the log and of a recorded graph."""
    logs = {name: ListLog(name) for name in policies}
    for line in lines:
        for log in logs.values():
            log.add((line,))
    found, numbers = {}, numbers_in(graph)
    for name, policy in policies.items():
        lists = logs[name].lists()
        if not len(lists):
            continue
        events = events_in(
            graph.interactions, kinds, lists.users, lists.items, name_of, None, numbers
        )
        last = max(int(lists.time.max()), int(events.log.time.max(initial=0)))
        found[name] = learn(policy, lists, events, watched, last + DAY)
    return found
