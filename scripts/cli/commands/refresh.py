"""`graphrec refresh`, `promote` and `rollback`."""

from __future__ import annotations

import errno
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from types import FrameType
from typing import Annotated, Any, Literal

import structlog
import typer
from graphrec.api.online.shared import SNAPSHOTS
from graphrec.cli.commands.models import named_embeddings
from graphrec.cli.names import warn_of_names
from graphrec.cli.news import teller
from graphrec.cli.options import AsJson, SettingsFile, Snapshots, StoreUrl
from graphrec.cli.output import ERR, OUT, print_json, print_table, progress_bars, tell_waiting
from graphrec.cli.settings import after, load_settings, snapshots_of
from rich.markup import escape

from graphrec.errors import GraphrecError, Locked, SettingsError, SnapshotsChanged, StoreError
from graphrec.experiment.definition import snapshots_of as snapshots_of_running
from graphrec.refresh.gate import failed, figure
from graphrec.refresh.job import refresh as refresh_snapshot
from graphrec.refresh.outcome import OnStage, Options, Outcome, Stage
from graphrec.refresh.planning import plan
from graphrec.report.refreshed import keep_report
from graphrec.settings import Settings
from graphrec.snapshot import registry
from graphrec.snapshot.canary import end_canary
from graphrec.snapshot.canary import promote as promote_canary
from graphrec.snapshot.place import changing, local
from graphrec.snapshot.remote.mirror import also, serving
from graphrec.store import open_store
from graphrec.store.protocol import GraphStore

FAILED, REFUSED, RUNNING, STORE_AWAY, NO_SPACE, NO_MEMORY = 1, 3, 4, 5, 6, 7
"""Exit codes, besides 0 (published, or nothing to do) and 2 (wrong usage)."""


def refresh(
    since_last: Annotated[
        bool,
        typer.Option(
            "--since-last",
            help="Update incrementally with the trained model, unless [refresh] in the settings "
            "calls for training.",
        ),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be done and why; change nothing.")
    ] = False,
    canary_percent: Annotated[
        float | None,
        typer.Option(
            "--canary",
            min=0,
            max=100,
            help="Serve the new snapshot to this percentage of users only; see `promote`.",
            show_default="all users",
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Publish even if a check fails, and report it.")
    ] = False,
    choose: Annotated[
        bool,
        typer.Option(
            "--choose",
            help="Choose model, epochs and open hyper-parameters again, instead of keeping those "
            "of the serving snapshot.",
        ),
    ] = False,
    warm: Annotated[
        bool,
        typer.Option(
            "--warm",
            help="Continue from the embeddings of the serving snapshot, in a quarter of the "
            "epochs, if it is older than the newest events and its model supports that.",
        ),
    ] = False,
    embedding: Annotated[
        Literal["auto", "graphsage", "mf", "none"],
        typer.Option(
            help="Model whose embeddings serve; auto: the best of the installed ones on validation."
        ),
    ] = "auto",
    watch: Annotated[
        float | None,
        typer.Option(
            help="Repeat, this many minutes after the start of the last refresh.",
            show_default="once",
        ),
    ] = None,
    store: StoreUrl = None,
    snapshots: Snapshots = None,
    settings_file: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Bring the serving snapshot up to date with the store, and publish it if all checks pass.

    It reads the graph, trains (or updates incrementally), evaluates the result on the newest
    events, compares it with the serving snapshot, and publishes it in one step; or it refuses, and
    names the failed checks. In every other case the previous snapshot keeps serving.

    **Exit codes:** 0 published, or nothing to do; 1 other errors; 3 refused by a check; 4 another
    refresh is running (a deletion or a rollback is waited for); 5 store unreachable or missing; 6
    no space for the snapshot; 7 out of memory.

    **Example:** `graphrec refresh --since-last --json`, every night, by cron or systemd
    """
    if watch is not None:
        raise SystemExit(_watch(watch * 60))
    try:
        settings = load_settings(settings_file)
        place = snapshots_of(snapshots, settings)
        if canary_percent is not None and not 0 < canary_percent < 100:
            raise SettingsError(
                f"--canary is {canary_percent:g}: expected more than 0 and less than 100 per cent "
                f"of users; omit it to serve all users"
            )
        options = Options(
            embeddings=named_embeddings(embedding, settings),
            since_last=since_last,
            warm=warm,
            choose=choose,
            force=force,
            share=None if canary_percent is None else canary_percent / 100,
        )
        with _opened(store or settings.store, settings) as opened:
            needs = also(snapshots_of_running(settings.experiments, time.time_ns() // 1_000_000))
            if dry_run:
                folder = local(place, settings.cache, needs, must=False)
                _show_plan(opened, folder, settings, options, as_json)
                return
            warn_of_names(settings, opened)
            changed = changing(place, settings.cache, waiting=tell_waiting, needs=needs)
            with changed as folder, progress_bars() as progress:
                now = datetime.now(timezone.utc)
                outcome = refresh_snapshot(
                    opened,
                    folder,
                    settings,
                    options,
                    on_stage=_reporter(),
                    progress=progress,
                    now=now,
                )
                page = _report(outcome, folder, settings, now)
            page = None if page is None else after(page, folder, snapshots, settings)
    except (GraphrecError, OSError, MemoryError, RuntimeError) as error:
        code = exit_code(error)
        if code is None:
            raise
        _tell_error(error, code, as_json)
        raise SystemExit(code) from error
    teller(settings.online)(SNAPSHOTS)
    _show(outcome, page, as_json)
    if outcome.refused:
        raise SystemExit(REFUSED)


def exit_code(error: BaseException) -> int | None:
    """The exit code for an error; None for an unexpected one."""
    if isinstance(error, Locked | SnapshotsChanged):
        return RUNNING
    if isinstance(error, StoreError):
        return STORE_AWAY
    if isinstance(error, GraphrecError):
        return FAILED
    if isinstance(error, OSError):
        # NumPy reports a short write without an errno.
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, None)
        return NO_SPACE if full else FAILED
    # The message of torch.
    if isinstance(error, MemoryError) or "can't allocate memory" in str(error):
        return NO_MEMORY
    return None


def promote(
    snapshots: Snapshots = None, settings_file: SettingsFile = None, as_json: AsJson = False
) -> None:
    """Make the canary the current snapshot, for all users.

    **Example:** `graphrec refresh --canary 10`, then `graphrec promote` or `graphrec rollback`
    """
    settings = load_settings(settings_file)
    place = snapshots_of(snapshots, settings)
    with changing(
        place, settings.cache, "graphrec promote", waiting=tell_waiting, needs=serving
    ) as folder:
        version = promote_canary(folder)
    teller(settings.online)(SNAPSHOTS)
    if as_json:
        print_json({"serving": version})
    else:
        OUT.print(f"Snapshot {version} serves all users")


def rollback(
    version: Annotated[
        str | None,
        typer.Argument(
            help="Version to serve.", show_default="ends the canary, else the previous one"
        ),
    ] = None,
    snapshots: Snapshots = None,
    settings_file: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """End the canary; without one, serve the previous snapshot, or the given version.

    **Example:** `graphrec rollback`, or `graphrec rollback 20261122T101500Z-3fa9c1`
    """
    settings = load_settings(settings_file)
    place = snapshots_of(snapshots, settings)
    with changing(place, settings.cache, "graphrec rollback", waiting=tell_waiting) as folder:
        tried = end_canary(folder)
        if version is not None or not tried:
            registry.rollback(folder, version)
        serving = registry.current(folder)
    teller(settings.online)(SNAPSHOTS)
    if as_json:
        print_json({"serving": serving, "canary_ended": tried})
    else:
        ended = "Ended the canary. " if tried else ""
        OUT.print(f"{ended}Snapshot {serving} serves all users")


@contextmanager
def _opened(url: str, settings: Settings) -> Iterator[GraphStore]:
    with open_store(url, settings.kinds, settings.neo4j, create=False) as opened:
        yield opened


def _reporter() -> OnStage:
    """On a terminal a line for each stage; else JSON lines as each stage begins and ends."""
    if ERR.is_terminal:
        return _tell_people
    log = _logger()

    def on_stage(name: str, stage: Stage | None) -> None:
        if stage is None:
            log.info("stage began", stage=name)
        else:
            facts = {k: v for k, v in asdict(stage).items() if k != "name"}
            log.info("stage ended", stage=name, **facts)

    return on_stage


def _tell_people(name: str, stage: Stage | None) -> None:
    if stage is not None:
        ERR.print(f"[green]✓[/] {name:<9}{stage.seconds:7.1f} s")


def _logger() -> Any:
    processors: list[Any] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper("iso", utc=True),
        structlog.processors.JSONRenderer(),
    ]
    factory = structlog.WriteLoggerFactory(sys.stderr)
    return structlog.wrap_logger(factory(), processors=processors)


def _tell_error(error: BaseException, code: int, as_json: bool) -> None:
    said = str(error) or type(error).__name__
    if isinstance(error, OSError):
        said = f"the snapshot cannot be written: {said}; the previous snapshot keeps serving"
    if code == NO_MEMORY:
        said = (
            f"out of memory: {said}; the previous snapshot keeps serving; add memory, or set "
            f"a smaller dim in the settings"
        )
    if ERR.is_terminal:
        ERR.print(f"[bold red]error:[/] {escape(said)}", soft_wrap=True)
    else:
        _logger().error("refresh failed", error=said, exit_code=code)
    if as_json:
        print_json({"error": said, "exit_code": code})


def _report(outcome: Outcome, folder: Path, settings: Settings, now: datetime) -> Path | None:
    """The report of a refresh; None if it cannot be written, as on a full disk."""
    try:
        return keep_report(outcome, folder, settings.retrieval, now)
    except OSError as error:
        ERR.print(f"The report cannot be written: {escape(str(error))}", soft_wrap=True)
        return None


def _show_plan(
    store: GraphStore, folder: Path, settings: Settings, options: Options, as_json: bool
) -> None:
    planned = plan(store, folder, settings, options, datetime.now(timezone.utc))
    decision, since = planned.decision, planned.since
    if as_json:
        print_json({**asdict(decision), "since": asdict(since), "embeddings": options.embeddings})
        return
    does = {
        "train": f"train ({' or '.join(options.embeddings) or 'no embeddings'}), evaluate, publish",
        "infer": "update incrementally, evaluate, publish",
        "nothing": "do nothing",
    }
    OUT.print(f"A refresh would {does[decision.action]}: {'; '.join(decision.reasons)}.")
    rows = [
        ["serving", since.serving or "nothing"],
        ["days since training", f"{since.age_days:.1f}"],
        ["incremental updates since training", str(since.inferred)],
        ["events written since", "–" if since.written is None else f"{since.written:,}"],
        ["new likes since training", f"{since.new_share:.1%}"],
        *([f"drift of {name}", f"{value:.3f}"] for name, value in since.drift.items()),
    ]
    print_table("Since the last snapshot", ["what", "value"], rows)


def _show(outcome: Outcome, page: Path | None, as_json: bool) -> None:
    if as_json:
        print_json({**outcome.as_json(), "report": page})
        return
    if page is not None:
        OUT.print(f"Report: {escape(str(page))}", soft_wrap=True)
    reasons = "; ".join(outcome.plan.decision.reasons)
    if outcome.candidate is None:
        OUT.print(f"Nothing to do: {reasons}")
        return
    rows = [
        ["yes" if each.passed else "no", each.name, figure(each.value), each.expectation]
        for each in outcome.checks
    ]
    print_table("Checks", ["passed", "check", "value", "expected"], rows)
    said = "; ".join(
        str(each) + ("" if each.who is None else f" (user {each.who!r})")
        for each in failed(outcome.checks)
    )
    if outcome.version is None:
        OUT.print(
            f"Refused: {escape(said)}. {outcome.plan.since.serving or 'Nothing'} keeps serving. "
            f"Check the data; `--force` publishes anyway"
        )
        return
    where = "all users" if outcome.share is None else f"{outcome.share:.0%} of users"
    forced = f", despite {escape(said)}" if outcome.forced else ""
    OUT.print(f"Published snapshot {outcome.version} for {where}{forced} ({reasons})")


def _watch(seconds: float) -> int:
    """Repeat this command until a stop signal, each time in a new process.

    So a leak or crash in one run does not affect the next.
    """
    arguments = list(sys.argv[1:])
    at = next(n for n, said in enumerate(arguments) if said.split("=")[0] == "--watch")
    del arguments[at : at + (1 if "=" in arguments[at] else 2)]
    command = [sys.executable, "-m", "graphrec.cli.main", *arguments]

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise SystemExit(0)

    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, stop)
    while True:
        began = time.monotonic()
        process = subprocess.Popen(command)  # noqa: S603 - this very command
        try:
            process.wait()
        finally:
            process.terminate()
            process.wait()
        time.sleep(max(seconds - (time.monotonic() - began), 0))
