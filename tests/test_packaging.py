"""What is shipped: every package is listed, every file that is not code is declared, no drop-in folder is a package."""

import tomllib
from configparser import ConfigParser
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture
def setup_cfg() -> ConfigParser:
    parser = ConfigParser()
    parser.read(ROOT / "setup.cfg")
    return parser


def words(setup_cfg: ConfigParser, section: str, option: str) -> list[str]:
    lines = setup_cfg.get(section, option).splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def test_every_package_is_listed_and_every_listed_package_is_there(setup_cfg: ConfigParser) -> None:
    there = {
        ".".join(path.relative_to(ROOT).parent.parts)
        for path in [*ROOT.glob("shadowgate/**/*.py"), *ROOT.glob("twisted/**/*.py")]
    }
    assert sorted(words(setup_cfg, "options", "packages")) == sorted(there)


def test_every_folder_with_code_is_a_package() -> None:
    folders = {path.parent for path in ROOT.glob("shadowgate/**/*.py")}
    assert [str(folder) for folder in folders if not (folder / "__init__.py").exists()] == []


def test_files_that_are_not_code_are_declared(setup_cfg: ConfigParser) -> None:
    declared = [pattern.strip() for pattern in setup_cfg.get("options.package_data", "shadowgate").split(",")]
    shipped = [
        str(path.relative_to(ROOT / "shadowgate"))
        for path in ROOT.glob("shadowgate/**/*")
        if path.is_file() and path.suffix not in (".py", ".pyc") and path.name != "dropin.cache"
    ]
    assert [name for name in shipped if not any(fnmatch(name, pattern) for pattern in declared)] == []
    assert "py.typed" in shipped


@pytest.mark.parametrize("source", [ROOT, *ROOT.glob("plugins/*/src")], ids=lambda path: path.parent.name)
def test_twisted_keeps_its_own_packages(source: Path) -> None:
    """An ``__init__.py`` there would replace Twisted's when installed."""
    assert list(source.glob("twisted/plugins/*.py"))
    assert list(source.glob("twisted/**/__init__.py")) == []


def test_the_oldest_python_is_the_same_everywhere(setup_cfg: ConfigParser) -> None:
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    assert setup_cfg.get("options", "python_requires") == ">=3.11"
    assert tools["mypy"]["python_version"] == "3.11"
    assert tools["ruff"]["target-version"] == "py311"


def test_each_change_note_is_of_a_known_kind_and_says_something() -> None:
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    kinds = {kind["directory"] for kind in tools["towncrier"]["type"]}
    notes = [path for path in (ROOT / "newsfragments").iterdir() if path.name not in (".gitignore", "README.md")]
    assert {path.name: path.suffixes[0][1:] in kinds for path in notes} == {path.name: True for path in notes}
    assert [path.name for path in notes if not path.read_text().strip()] == []
