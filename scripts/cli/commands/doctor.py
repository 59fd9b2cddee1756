"""`graphrec doctor`: checks of the installation."""

from __future__ import annotations

from dataclasses import asdict

import typer
from graphrec.cli.options import AsJson, SettingsFile, Snapshots, StoreUrl
from graphrec.cli.output import OUT, print_json
from rich.markup import escape

from graphrec.doctor import examine
from graphrec.locations import location_of

COLOURS = {"ok": "green", "warn": "yellow", "fail": "bold red"}


def doctor(
    store: StoreUrl = None,
    snapshots: Snapshots = None,
    settings_file: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Check packages, settings, store, snapshots and port, with a remedy for each problem.

    Nothing is changed. Exit status 1 if a check fails; warnings alone leave it at 0.

    **Example:** `graphrec doctor --store neo4j://localhost:7687`
    """
    place = None if snapshots is None else location_of(snapshots)
    findings = list(examine(settings_file, store=store, snapshots=place))
    failed = any(finding.state == "fail" for finding in findings)
    if as_json:
        print_json({"ok": not failed, "findings": [asdict(finding) for finding in findings]})
    else:
        for finding in findings:
            colour = COLOURS[finding.state]
            said = f"{finding.about}: {finding.said}"
            OUT.print(f"[{colour}]{finding.state:<4}[/] {escape(said)}", soft_wrap=True)
            if finding.remedy:
                OUT.print(f"     → {escape(finding.remedy)}", soft_wrap=True)
    if failed:
        raise typer.Exit(1)
