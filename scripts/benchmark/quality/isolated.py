"""A model fitted and evaluated in a process of its own, so that peak memory is that model's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

from graphrec.errors import GraphrecError
from graphrec.evaluation.results import ModelResult
from graphrec.models import create
from graphrec.progress import Progress
from graphrec.settings import Settings
from graphrec.training.fit import FUSIONS, compare
from graphrec.training.learning import POPULAR
from scripts.benchmark.quality.folder import Question
from scripts.benchmark.quality.rows import Row


def measure(
    name: str,
    question: Question,
    settings: Settings,
    *,
    k: int,
    embeddings: Sequence[str],
    progress: Progress,
) -> Row:
    """Fit a model and evaluate it, in a process that starts afresh and ends with it.

    A model that fails, or is killed for its memory, gets a row that says so.
    """
    context = get_context("spawn")  # a fork would hold what is in memory here, and torch's threads
    receiver, sender = context.Pipe(duplex=False)
    arguments = (sender, name, question, settings, k, tuple(embeddings))
    process = context.Process(target=_work, args=arguments, daemon=True)
    process.start()
    sender.close()  # so that the end of the process is the end of the pipe
    answer: ModelResult | str | None = None
    try:
        while answer is None:
            said = receiver.recv()
            if isinstance(said, tuple):
                progress(*said)
            else:
                answer = said
    except EOFError:
        process.join()
        answer = f"its process ended with status {process.exitcode}; see that memory suffices"
    finally:
        process.terminate() if answer is None else process.join()
    shown = _hyper_parameters(name, settings, embeddings)
    if isinstance(answer, ModelResult):
        return Row(name, False, answer, settings=shown)
    return Row(name, False, None, note=f"no result: {answer}", settings=shown)


def _work(
    sender: Connection,
    name: str,
    question: Question,
    settings: Settings,
    k: int,
    embeddings: Sequence[str],
) -> None:
    """What the process does: it sends steps as tuples, then a result, or what went wrong."""
    try:
        comparison = compare(
            [name],
            question.split,
            settings,
            protocol=question.protocol,
            k=k,
            validation=question.validation,
            embeddings=embeddings,
            progress=lambda stage, done, total: sender.send((stage, done, total)),
        )
    except (GraphrecError, MemoryError) as error:
        sender.send(str(error) or "out of memory")
    else:
        sender.send(comparison.results[0])


def _hyper_parameters(name: str, settings: Settings, embeddings: Sequence[str]) -> dict[str, Any]:
    """Those of a model; of a fusion, those of what it is made of, or may be."""
    if name not in FUSIONS:
        return asdict(create(name, settings.models.get(name)))  # type: ignore[call-overload]
    of_parts = {
        part: _hyper_parameters(part, settings, ())
        for part in (*settings.fusion.neighbourhoods, POPULAR, *embeddings)
    }
    return {"retrieval": settings.retrieval.model_dump(), **of_parts}
