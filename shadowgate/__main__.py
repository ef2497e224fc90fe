"""The ``shadowgate`` command, and ``python -m shadowgate``."""

from __future__ import annotations

import sys

from shadowgate.early import hold_standard_files, outlive_reloads


def main() -> None:
    """Run the command line, of which ``run`` has to outlive signals already; leaves through ``SystemExit``."""
    hold_standard_files()
    if sys.argv[1:2] == ["run"]:
        outlive_reloads()
    from shadowgate import cli

    cli.main()


if __name__ == "__main__":
    main()
