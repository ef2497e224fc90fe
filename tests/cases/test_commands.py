"""Golden commands: files, commands that read them, and what the commands print, in one text.

A case is ``tests/cases/commands/<what it shows>.txt``.  A line ``# ---- NAME`` begins the file NAME, a line that begins
with ``$ shadowgate`` is a command, and what follows it up to the next one is all that it prints; an exit status other
than 0 is told in the last line.  ``python tests/cases/test_commands.py FILE...`` writes the output anew; read the diff
before believing it.
"""

from __future__ import annotations

import io
import os
import re
import shlex
import sys
import tempfile
from contextlib import chdir, redirect_stderr, redirect_stdout
from difflib import unified_diff
from pathlib import Path

import pytest

from shadowgate.cli import main

HERE = Path(__file__).parent / "commands"
PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "explain.md"
FILE, COMMAND = "# ---- ", "$ shadowgate "


def played(text: str) -> str:
    """Return the case with what its commands print now."""
    parts = re.split(rf"^(?={re.escape(FILE)}|{re.escape(COMMAND)})", text, flags=re.MULTILINE)
    result = parts[0]
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        for part in parts[1:]:
            first, _, rest = part.partition("\n")
            if first.startswith(FILE):
                Path(first.removeprefix(FILE)).write_text(rest, "utf-8")
                result += part
            else:
                result += f"{first}\n{run(first.removeprefix(COMMAND))}"
    return result


def run(command: str) -> str:
    """Return all that a command prints, standard error after standard output."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as left:
        main(shlex.split(command))
    status = f"exit status {left.value.code}\n" if left.value.code else ""
    return out.getvalue() + err.getvalue() + status


@pytest.mark.parametrize("path", sorted(HERE.glob("*.txt")), ids=lambda path: path.stem)
def test_commands_print_what_the_case_says(path: Path) -> None:
    expected = path.read_text("utf-8")
    found = played(expected)
    difference = "".join(unified_diff(expected.splitlines(True), found.splitlines(True), "expected", "found"))
    assert not difference, f"{path}\n{difference}"


def test_the_guide_shows_what_the_commands_print() -> None:
    """Its files begin with their names; of an exit status it says nothing."""
    blocks = re.findall(r"^```(?:yaml|text)\n(.*?)^```", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    files = [f"{FILE}{block.partition(chr(10))[0][2:]}\n{block}" for block in blocks if block.startswith("# ")]
    shown = [block for block in blocks if block.startswith(COMMAND)]
    assert len(files) == len(shown) == 2
    for block in shown:
        printed = played("".join([*files, block])).removeprefix("".join(files))
        assert re.sub("exit status .\n\\Z", "", printed) == block


if __name__ == "__main__":
    for name in sys.argv[1:]:
        case = Path(os.path.abspath(name))
        case.write_text(played(case.read_text("utf-8")), "utf-8")
