"""The distributions as users get them: built, installed into an empty environment, and used there.

What works in a checkout may be missing from a wheel, drop-ins above all.  Slow, and marked ``wheel`` for that.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[1]
PLUGINS = ROOT / "plugins" / "shadowgate-canary"

pytestmark = pytest.mark.wheel

CONFIGURATION = """\
clusters:
  httpbin: 127.0.0.1:8001
  candidate: 127.0.0.1:8002
routes:
  - match:
      when:
        header-in: {name: x-user, values: [ada, grace]}
    to: candidate
  - to: httpbin
    mirror:
      to: candidate
      percent: 10
"""


def run(*command: str | Path, cwd: Path, **settings: str) -> str:
    """Run a command away from the checkout's modules, with some variables set; return what it printed."""
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    environment |= settings
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}"
    return done.stdout


def build(project: Path, into: Path) -> Path:
    """Build a source distribution and, out of that, a wheel; return the wheel."""
    run(sys.executable, "-m", "build", "--outdir", into, project, cwd=into)
    (wheel,) = into.glob("*.whl")
    return wheel


def source(place: Path) -> Path:
    """Return a copy of what a build takes, without what earlier ones have left."""
    copy = place / "source"
    shutil.copytree(ROOT / "shadowgate", copy / "shadowgate", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "twisted", copy / "twisted", ignore=shutil.ignore_patterns("__pycache__", "dropin.cache"))
    for name in ("setup.py", "setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    return copy


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return [build(project, tmp_path_factory.mktemp("built")) for project in (ROOT, PLUGINS)]


@pytest.fixture(scope="module")
def installed(wheels: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the ``bin`` folder of an environment that holds nothing but the two wheels and pytest."""
    place = tmp_path_factory.mktemp("installed")
    run(sys.executable, "-m", "venv", place / "venv", cwd=place)
    binaries = place / "venv" / "bin"
    shadowgate, canary = wheels
    run(binaries / "python", "-m", "pip", "install", "-qq", shadowgate, f"{canary}[test]", cwd=place)
    return binaries


def test_wheels_hold_the_drop_ins_and_nothing_of_twisted_itself(wheels: list[Path]) -> None:
    for wheel, wanted in zip(
        wheels,
        (
            {"twisted/plugins/shadowgate_service.py", "twisted/plugins/shadowgate_components.py"},
            {"twisted/plugins/shadowgate_canary_components.py"},
        ),
        strict=True,
    ):
        names = set(ZipFile(wheel).namelist())
        assert {name for name in names if name.startswith("twisted/")} == wanted
        assert any(name.endswith("/py.typed") for name in names)
        assert any(name.endswith("licenses/LICENSE") for name in names)
        assert not any(name.startswith(("tests/", "docs/", "plugins/")) for name in names)


@pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")
def test_the_request_path_is_compiled_where_that_can_be(installed: Path, tmp_path: Path) -> None:
    code = "import sys, importlib; print(*(importlib.import_module(name).__file__ for name in sys.argv[1:]))"
    modules = ("shadowgate.http.request_parser", "shadowgate.runtime.exchange")
    found = run(installed / "python", "-c", code, *modules, cwd=tmp_path).split()
    assert all(path.endswith(".so") for path in found), found


def test_without_a_compiler_the_wheel_is_pure(tmp_path: Path) -> None:
    settings = {"SHADOWGATE_COMPILE": "", "CC": str(tmp_path / "no-such-compiler")}
    run(
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "-qq",
        "--no-deps",
        "-w",
        tmp_path,
        source(tmp_path),
        cwd=tmp_path,
        **settings,
    )
    (wheel,) = tmp_path.glob("*.whl")
    assert not any(name.endswith(".so") for name in ZipFile(wheel).namelist())
    assert "shadowgate/http/request_parser.py" in ZipFile(wheel).namelist()


def test_twistd_lists_the_service(installed: Path, tmp_path: Path) -> None:
    assert "shadowgate" in run(installed / "twistd", "--help", cwd=tmp_path)


def test_the_console_script_and_the_module_are_the_same_program(installed: Path, tmp_path: Path) -> None:
    for program in ([installed / "shadowgate"], [installed / "python", "-m", "shadowgate"]):
        told = run(*program, "--help", cwd=tmp_path)
        assert all(command in told for command in ("run", "check", "plugins"))


def test_a_foreign_plugin_is_found_with_its_distribution(installed: Path, tmp_path: Path) -> None:
    listing = run(installed / "shadowgate", "plugins", cwd=tmp_path)
    (line,) = [line for line in listing.splitlines() if "header-in" in line]
    assert "shadowgate-canary" in line
    for name in ("maintenance", "shadow-report", "header-rewrite"):
        assert name in listing


def test_a_foreign_plugin_tells_its_options(installed: Path, tmp_path: Path) -> None:
    described = run(installed / "shadowgate", "plugins", "maintenance", cwd=tmp_path)
    assert "retryAfter" in described
    assert "The file that switches maintenance on." in described


def test_a_configuration_can_use_a_foreign_plugin(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "gateway.yaml").write_text(CONFIGURATION)
    run(installed / "shadowgate", "check", "gateway.yaml", cwd=tmp_path)


def test_the_foreign_distributions_own_tests_pass_against_the_wheels(installed: Path, tmp_path: Path) -> None:
    print(run(installed / "python", "-m", "pytest", "-q", "-p", "no:cacheprovider", PLUGINS / "tests", cwd=tmp_path))
