"""The commands that need no gateway: check, plugins, version."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from harness.processes import ROOT

GOOD = 'clusters: {{upstream: "{0}"}}\nroutes: [{{to: upstream}}]\n'


def shadowgate(*arguments: str, path: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "shadowgate", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), path))},
    )


def test_check_tells_all_problems_and_exits_accordingly(directory: Path):
    good, bad = directory / "good.yaml", directory / "bad.yaml"
    good.write_text(GOOD.format("127.0.0.1:1"))
    bad.write_text("clusters:\n  a: 127.0.0.1:1\nroutes:\n- to: a\n  mirorr: b\n- to: a\n  match: {header: {}}\n")
    assert shadowgate("check", str(good)).returncode == 0
    checked = shadowgate("check", str(good), str(bad))
    assert checked.returncode == 1
    assert f"{bad}:5:3: " in checked.stdout and f"{bad}:7:11: " in checked.stdout
    assert checked.stderr == ""
    assert shadowgate("check", str(directory / "missing.yaml")).returncode == 1
    assert shadowgate("check").returncode == 2


def test_check_warns_of_a_mirror_that_leads_nowhere(directory: Path):
    path = directory / "a.yaml"
    path.write_text('clusters: {a: "127.0.0.1:1"}\nroutes: [{to: a, mirror: nowhere}]\n')
    checked = shadowgate("check", str(path))
    assert checked.returncode == 0
    assert "warning" in checked.stdout and "nowhere" in checked.stdout


def test_plugins_and_version_and_a_command_that_is_none():
    listed = shadowgate("plugins")
    assert listed.returncode == 0 and "header-rewrite" in listed.stdout
    assert shadowgate("plugins", "header-rewrite").returncode == 0
    unknown = shadowgate("plugins", "header-rewrit")
    assert unknown.returncode == 1 and "header-rewrite" in unknown.stderr
    assert shadowgate("version").stdout.startswith("shadowgate ")
    assert shadowgate("dance").returncode == shadowgate().returncode == 2


def test_a_drop_in_that_cannot_be_imported_is_told_in_one_line(directory: Path):
    dropins = directory / "twisted" / "plugins"
    dropins.mkdir(parents=True)
    (dropins / "acme_broken.py").write_text("import no_such_module_at_all\n")
    good = directory / "good.yaml"
    good.write_text(GOOD.format("127.0.0.1:1"))
    listed = shadowgate("plugins", path=str(directory))
    assert f"  {dropins / 'acme_broken.py'}: ModuleNotFoundError: No module named 'no_such" in listed.stdout
    checked = shadowgate("check", str(good), path=str(directory))
    assert (listed.returncode, checked.returncode) == (0, 0)
    assert listed.stderr == checked.stderr == ""
