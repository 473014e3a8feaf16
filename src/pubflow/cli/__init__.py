"""The command line: parse, ask the API or start a process, show. Decides nothing about reports."""

from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; the exit code: 0 done, 1 refused or failed, 2 wrong use, 130 interrupted.

    arguments: words after `pubflow`; those of the process when None.
    """
    from pubflow.cli.app import run  # late: whoever imports the package needs no parser

    return run(arguments)
