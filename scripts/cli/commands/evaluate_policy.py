"""`graphrec experiment evaluate`: what a policy would bring, from the log of another one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer
from graphrec.cli.log_lines import lines_of, log_of, name_of_user
from graphrec.cli.options import AsJson, PseudonymKey, SettingsFile, Snapshots, StoreUrl
from graphrec.cli.output import OUT, print_json, print_table, warn
from graphrec.cli.settings import folder_of, load_settings

from graphrec.data import Graph, Vocabulary
from graphrec.errors import SettingsError
from graphrec.experiment.definition import RECOMMENDATIONS, Variant
from graphrec.experiments.lists import ListLog
from graphrec.experiments.outcomes import Events, events_in, numbers_in
from graphrec.off_policy.estimate import Estimate, Judgement
from graphrec.off_policy.evaluation import MOST, HowLists, judge_ranking
from graphrec.off_policy.lists import Ranked
from graphrec.off_policy.logged_policy import judge_policy
from graphrec.off_policy.rankings import question_of, ranked_at
from graphrec.off_policy.read import read_explored
from graphrec.policy.definition import Reward
from graphrec.recommend.query import Query
from graphrec.recommend.recommender import Recommender
from graphrec.recommend.variant import varied
from graphrec.settings import Settings
from graphrec.snapshot.registry import load
from graphrec.snapshot.types import types_of
from graphrec.store import open_store
from graphrec.store.delta import events_by_user
from graphrec.suggest import expectation

CONFIDENCE = 0.95


@dataclass(frozen=True)
class _Meant:
    """What a name of a policy stands for: lists by a variant of what serves."""

    variant: Variant
    lists: Sequence[str]
    rewards: Mapping[str, Reward]


def evaluate(
    policy: Annotated[
        str,
        typer.Argument(
            help="A placement, `recommendations`, EXPERIMENT/VARIANT, POLICY, or POLICY/ACTION."
        ),
    ],
    log: Annotated[
        Path | None,
        typer.Option(
            help="Exposure log: the folder of the service, or a file of such lines.",
            show_default="serve.exposures of the settings",
        ),
    ] = None,
    reward: Annotated[
        list[str] | None,
        typer.Option(
            help="KIND, or KIND=WEIGHT: events that a list is rewarded by; several add up.",
            show_default="of the policy or experiment",
        ),
    ] = None,
    days: Annotated[
        float, typer.Option(help="Of --reward: days after a list within which they count.")
    ] = 7.0,
    list_: Annotated[
        str | None,
        typer.Option(
            "--list",
            help="Of EXPERIMENT/VARIANT: the placement whose lists are compared.",
            show_default="the first one of the experiment",
        ),
    ] = None,
    snapshot: Annotated[
        str | None, typer.Option(help="Version that ranks.", show_default="the current one")
    ] = None,
    clip: Annotated[
        float | None,
        typer.Option(help="Largest weight; larger ones are cut to it.", show_default="none is"),
    ] = None,
    position: Annotated[
        float | None,
        typer.Option(
            help="A place is looked at as its rank to the power of minus this.",
            show_default="estimated from what exploration drew",
        ),
    ] = None,
    exploration: Annotated[
        float | None,
        typer.Option(help="Share of exploration, of lists of which the log does not have it."),
    ] = None,
    most: Annotated[
        int, typer.Option(min=1, help="Lists that are ranked anew; of more, some by chance.")
    ] = MOST,
    key: PseudonymKey = None,
    store: StoreUrl = None,
    snapshots: Snapshots = None,
    settings_file: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Estimate what a policy would bring, from what another one showed, and what came of that.

    Intervals are over users, with 95 % confidence. Where the log cannot tell, as the policy shows
    what was never shown, it says so, and the exit status is 1.

    **Examples:** `graphrec experiment evaluate for-you --reward purchase`, `graphrec experiment
    evaluate home/diverse --log exposures`
    """
    settings = load_settings(settings_file)
    paths, key = log_of(log, key, settings, "--log", "docs/policy.md")
    name_of = name_of_user(key)
    given = _rewards(reward, days)
    with open_store(
        store or settings.store, settings.kinds, settings.neo4j, create=False
    ) as graph_store:
        graph = graph_store.read_graph()

    def events(users: Vocabulary, items: Vocabulary) -> Events:
        return events_in(
            graph.interactions, settings.kinds, users, items, name_of, None, numbers_in(graph)
        )

    name, _, action = policy.partition("/")
    if name in settings.policies and policy not in settings.placements:
        found = settings.policies[name]
        if action and action not in found.actions:
            right = expectation(action, found.actions)
            raise SettingsError(f"policy {name!r} has no action {action!r}: {right}")
        if given:
            found = found.model_copy(update={"rewards": given})
        taken = ListLog(name)
        taken.add(lines_of(paths))
        lists = taken.lists()
        judged = judge_policy(
            name, found, action or None, lists, events(lists.users, lists.items), clip=clip
        )
        if taken.unreadable:
            judged = judged.with_notes(f"{taken.unreadable:,} lines of the log cannot be read")
    else:
        meant = _meant(settings, policy, name, action)
        about = list_ or next(iter(meant.lists), RECOMMENDATIONS)
        rewards = given or meant.rewards
        if not rewards:
            raise SettingsError(
                f"no reward: expected --reward KIND for {policy!r}, such as --reward purchase"
            )
        version = snapshot or meant.variant.snapshot
        folder = folder_of(snapshots, settings, *(() if version is None else (version,)))
        serving = Recommender.serving(load(folder, version, types=types_of(settings)), settings)
        recommender = varied(serving, meant.variant)
        placement = recommender.placements.get(about)
        label = None if about == RECOMMENDATIONS else (placement and placement.label) or about
        question = question_of(recommender, about, meant.variant.exploration)
        shown = read_explored(lines_of(paths), label, exploration)
        judged = judge_ranking(
            policy,
            shown,
            events(shown.lists.users, shown.lists.items),
            rewards,
            _instead(recommender, question, graph, name_of),
            HowLists(CONFIDENCE, clip, position, most, settings.seed),
        )
        newest = recommender.snapshot.manifest.newest_event
        later = 0 if newest is None else int((shown.lists.time <= newest).sum())
        if later:
            judged = judged.with_notes(
                f"the snapshot has learned from events after {later:,} of the lists, which makes "
                f"it look better than it is: evaluate one from before, with --snapshot"
            )
    if judged.skewed:
        judged = judged.with_notes(judged.skewed)
    if as_json:
        print_json(asdict(judged))
    else:
        _show(judged)


def _rewards(given: Sequence[str] | None, days: float) -> dict[str, Reward]:
    found = {}
    for each in given or ():
        kind, equals, weight = each.partition("=")
        try:
            found[kind] = Reward(kinds=(kind,), days=days, weight=float(weight) if equals else 1.0)
        except ValueError as error:
            raise SettingsError(
                f"--reward {each!r}: expected KIND or KIND=WEIGHT, such as purchase=5, and --days "
                f"above 0"
            ) from error
    return found


def _meant(settings: Settings, policy: str, name: str, variant: str) -> _Meant:
    if policy == RECOMMENDATIONS or policy in settings.placements:
        return _Meant(Variant(), (policy,), {})
    experiment = settings.experiments.get(name)
    if experiment is None:
        names = (
            *(RECOMMENDATIONS, *settings.placements, *settings.policies),
            *(f"{e}/{v}" for e, each in settings.experiments.items() for v in each.variants),
        )
        raise SettingsError(f"there is no policy {policy!r}: {expectation(policy, names)}")
    if variant not in experiment.variants:
        right = expectation(variant, experiment.variants)
        raise SettingsError(f"experiment {name!r} has no variant {variant!r}: {right}")
    goal, first = next(iter(experiment.goals.items()))
    fields = {**first.model_dump(), "kinds": first.kinds or (goal,)}
    return _Meant(experiment.variants[variant], experiment.lists, {goal: Reward(**fields)})


def _instead(
    recommender: Recommender, question: Query, graph: Graph, name_of: Callable[[str], str]
) -> Callable[[str, int, int], Ranked]:
    """What would have been shown to whom the log names so."""
    by_user = {
        name_of(user): (user, own) for user, own in events_by_user(graph.interactions).items()
    }

    def instead(user: str, time: int, k: int) -> Ranked:
        known, own = by_user.get(user, (user, ()))
        return ranked_at(recommender, question, known, own, time, k)

    return instead


def _show(judged: Judgement) -> None:
    def row(each: Estimate) -> list[str]:
        return [each.estimator, f"{each.value:.4f}", f"[{each.low:.4f}, {each.high:.4f}]"]

    rows = [["what was logged", *row(judged.logged)[1:]], *map(row, judged.estimates)]
    title = f"Policy {judged.policy}: reward of a list"
    print_table(title, ["estimator", "value", f"{judged.confidence:.0%} interval"], rows)
    support = judged.support
    cut = f"{support.clipped:,} weights were cut" if support.clipped else "no weight was cut"
    OUT.print(
        f"{judged.rounds:,} lists of {judged.users:,} users tell as much as "
        f"{support.effective:,.0f} lists of the policy itself. Mean weight "
        f"{support.mean_weight:.3f}, largest {support.largest_weight:.1f}; {cut}."
    )
    for note in judged.notes:
        warn(f"policy {judged.policy}", note)
