"""The `graphrec` command."""

from graphrec.errors import missing_extra


def main() -> None:
    """Run `graphrec`; without its extra, say how to install it, and exit with status 1."""
    try:
        from graphrec.cli.main import main as run
    except ModuleNotFoundError as error:
        raise SystemExit(f"error: {missing_extra('the command line', error)}") from error
    run()
