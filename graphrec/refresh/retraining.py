"""A candidate that is trained on all of a graph, and rehearsed on the newest events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from time import perf_counter

from graphrec.data import Graph
from graphrec.data.dataset import Dataset
from graphrec.evaluation.early_stopping import Chosen
from graphrec.experiments.exposure_log import KEY, read_key
from graphrec.experiments.exposures import pseudonym
from graphrec.models.protocol import VariantModel
from graphrec.policies.guards import Watched
from graphrec.policies.state import learned_by_now, plain_lines
from graphrec.progress import Progress
from graphrec.ratings.predictor import RatingPredictor
from graphrec.refresh.candidate import evaluated, with_figures
from graphrec.refresh.outcome import Candidate, Options, Staged
from graphrec.refresh.rehearsal import (
    Slice,
    newest,
    rehearse,
)
from graphrec.settings import Settings
from graphrec.snapshot.carry import with_policies_of
from graphrec.snapshot.manifest import Manifest
from graphrec.snapshot.snapshot import Snapshot
from graphrec.training.fit import positive
from graphrec.training.fusion import Choice, Fusion, choose, fusion_of
from graphrec.training.learning import (
    Learned,
    can_resume,
    learn,
    recommender_of,
    snapshot_of,
    warm_epochs,
)
from graphrec.training.ratings import fit_ratings
from graphrec.training.sources import sources_before


def train_candidate(
    raw: Graph,
    position: int | None,
    serving: Snapshot | None,
    settings: Settings,
    options: Options,
    staged: Staged,
    progress: Progress | None,
) -> Candidate:
    """Train on all of a raw graph, and on the events before the newest slice, to rehearse it."""
    data = Dataset(raw, settings.kinds)
    graph = positive(data)
    spec = fusion_of(settings, options.embeddings)
    manifest = None if serving is None else serving.manifest
    on = newest(data, manifest, settings)
    known = {} if options.choose else chosen_before(manifest, spec)
    near = {} if options.choose else neighbourhood_before(manifest, spec)
    start = warm_start(serving, known, near, on, graph) if options.warm else None

    def train() -> tuple[Choice, Learned, RatingPredictor | None]:
        if start is not None:
            [(name, chosen)] = known.items()
            [(neighbourhood, same)] = near.items()
            choice = Choice(
                neighbourhood,
                same.model,
                name,
                chosen.model,
                start.manifest.weights,
                dislike_weight=start.manifest.dislike_weight,
                sources=sources_before(spec.sources, start.manifest.models),
                ranker=start.ranker if spec.ranker else None,
                trial=start.manifest.ranker if spec.ranker else None,
            )
        else:
            named = {name: spec.embeddings[name] for name in known} or spec.embeddings
            choice = choose(
                replace(spec, embeddings=named),
                graph if on is None else on.split.train,
                settings.seed,
                chosen={**near, **known},
                progress=progress,
            )
        learned = learn(spec, graph, settings.seed, choice, start=start, progress=progress)
        return choice, learned, fit_ratings(data, settings.ratings, settings.seed)

    def evaluate() -> Candidate:
        name = choice.embedding
        curves = {name: choice.curve} if name is not None and choice.curve else {}
        if on is None:
            return with_figures(snapshot, None, settings, position, curves)
        began, train = perf_counter(), on.split.train
        learned = learn(spec, train, settings.seed, choice, start=start, progress=progress)
        recommender = recommender_of(spec, snapshot_of(spec, train, learned, settings.seed))
        seconds = perf_counter() - began
        rehearsed = rehearse(recommender, serving, on, settings, seconds)
        return with_figures(snapshot, rehearsed, settings, position, curves)

    choice, learnt, ratings = staged(
        "train",
        train,
        lambda done: {
            "neighbourhood": done[0].neighbourhood,
            "hyper_parameters": dict(done[1].models[done[0].neighbourhood]),
            "embedding": done[0].embedding,
            "epochs": epochs_of(done[0], start),
            "epochs_taken_over": bool(known),
            "from": None if start is None else start.manifest.version,
            "weights": [asdict(group) for group in done[1].weights],
            "ratings": None if done[2] is None else done[2].model,
        },
    )
    snapshot = staged(
        "index",
        lambda: with_learned(
            with_policies_of(
                snapshot_of(
                    spec, graph, learnt, settings.seed, ratings=ratings, kinds=settings.kinds
                ),
                serving,
            ),
            raw,
            settings,
        ),
        lambda made: dict(made.manifest.counts),
    )
    return staged("evaluate", evaluate, evaluated)


def with_learned(snapshot: Snapshot, raw: Graph, settings: Settings) -> Snapshot:
    """A snapshot with what policies have learned by now of the exposure log, where there is one."""
    folder = settings.serve.exposures
    if not settings.policies or folder is None or not (folder / KEY).is_file():
        return snapshot
    key = read_key(folder / KEY)
    learned = learned_by_now(
        settings.policies,
        plain_lines(folder),
        raw,
        settings.kinds,
        lambda user: pseudonym(user, key),
        Watched.of(snapshot.items.ids, snapshot.popularity.order),
    )
    return replace(snapshot, learned={**snapshot.learned, **learned})


def epochs_of(choice: Choice, start: Snapshot | None) -> int | None:
    """How many are trained; None without a model that learns in epochs."""
    if choice.model is None:
        return None
    return choice.model.epochs if start is None else warm_epochs(choice.model.epochs)


def warm_start(
    serving: Snapshot | None,
    known: Mapping[str, Chosen],
    near: Mapping[str, Chosen],
    on: Slice | None,
    graph: Graph,
) -> Snapshot | None:
    """What serves, where training may go on from its vectors; None where it begins anew.

    It may if the vectors were learned from none of the test events, if nobody was forgotten since,
    as the vectors would keep what was learned from them, and if the models are the same and that of
    the vectors can be resumed.
    """
    if serving is None or len(known) != 1 or len(near) != 1 or on is None or not on.unseen:
        return None
    [chosen] = known.values()
    whole = not serving.manifest.forgotten
    return serving if whole and can_resume(chosen.model, serving, graph) else None


def chosen_before(serving: Manifest | None, spec: Fusion) -> Mapping[str, Chosen]:
    """The embedding model of the serving snapshot, where its hyper-parameters are still the same.

    Its epochs depend on these more than on some new events; weights of sources are cheaper to
    choose, and are chosen each time.
    """
    found = {}
    for name, model in spec.embeddings.items():
        then = {} if serving is None else serving.models.get(name, {})
        epochs = int(then.get("epochs") or 0)
        same = {**then, "epochs": model.epochs} == asdict(model)  # type: ignore[call-overload]
        if same and 1 <= epochs <= model.epochs:
            found[name] = Chosen(replace(model, epochs=epochs))  # type: ignore[type-var]
    return found


def neighbourhood_before(serving: Manifest | None, spec: Fusion) -> Mapping[str, Chosen]:
    """The neighbourhood model of the serving snapshot, where the settings still allow for it.

    With what was chosen then of hyper-parameters that it leaves open.
    """
    if serving is None:
        return {}
    for name, model in spec.neighbourhoods.items():
        variants = model.variants() if isinstance(model, VariantModel) else (model,)
        for each in variants:
            if serving.models.get(name) == asdict(each):  # type: ignore[call-overload]
                return {name: Chosen(each)}
    return {}
