"""`python -m scripts.refresh OPTIONS`, for schedulers: the same as `graphrec refresh OPTIONS`."""

from __future__ import annotations

import sys

from scripts import cli


def main() -> None:
    """Run the command with the options of this process."""
    sys.argv.insert(1, "refresh")
    cli.main()


if __name__ == "__main__":
    main()
