"""The shape of the house: who may import whom, where the reactor lives, and that no module keeps state.

Each rule is a function from a parsed module to what is wrong with it, so that the rules are tested as well.
"""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "shadowgate"

LAYERS = {
    "early": -1,
    "fixed": -1,
    "lines": 0,
    "errors": 0,
    "http": 1,
    "model": 1,
    "plugin": 2,
    "config": 3,
    "compiler": 4,
    "runtime": 5,
    "net": 6,
    "background": 5,
    "loader": 6,
    "gateway": 7,
    "objects": 7,
    "service": 8,
    "resource": 8,
    "admin": 8,
    "workers": 8,
    "notify": 8,
    "tap": 9,
    "cli": 9,
    "__main__": 10,
    "twistd": 10,
    # Beside the tower: found by name through twisted.plugin, shipped for tests, shown on request.
    "bundled": 3,
    "testing": 9,
    "demo": 11,
}
"""A module imports from lower layers and from its own part of the package; two parts of one layer do not meet."""

SHELLS = {"service", "resource", "admin", "workers", "tap", "cli"}
"""Thin shells over the gateway; they may lean on each other downwards, and on each other within a layer."""

NEVER_IMPORTED = {"bundled", "testing", "demo"}
"""Parts that no other part may import: bundled components have no private door, and helpers are for others."""

ONLY_IN = {
    "twisted.internet.reactor": {
        "shadowgate.tap",
        "shadowgate.cli.run",
        "shadowgate.demo.__main__",
        "shadowgate.workers.__main__",
    },
    "twisted.plugin.getPlugins": {"shadowgate.config.catalog"},
    "twisted.plugin.getCache": {"shadowgate.config.catalog"},
    "httptools": {"shadowgate.http.request_parser", "shadowgate.http.response_parser"},
}
LONGEST_MODULE = 600

MUTABLE_MAKERS = {"dict", "list", "set", "bytearray", "defaultdict", "deque", "Counter", "OrderedDict"}
CHANGING_METHODS = {
    *("add", "append", "appendleft", "clear", "discard", "extend", "insert", "pop", "popitem", "popleft", "remove"),
    *("reverse", "setdefault", "sort", "update"),
}
READ_ONLY_TYPES = {"Mapping", "Sequence", "Collection", "AbstractSet", "Set", "Iterable"}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(tree: ast.AST, module: str, package: bool) -> Iterator[str]:
    """Every dotted name that a module imports, wherever in it the import stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                up = module.split(".")[: -(node.level - package) or None]
                base = ".".join([*up, base] if base else up)
            yield from (f"{base}.{alias.name}" for alias in node.names)


def part_of(name: str) -> str:
    """``config`` of ``shadowgate.config.catalog``; ``""`` of the package itself and of foreign modules."""
    parts = name.split(".")
    return parts[1] if parts[0] == "shadowgate" and len(parts) > 1 and parts[1] in LAYERS else ""


def wrong_direction(module: str, names: Iterator[str]) -> list[str]:
    here = part_of(module)
    found = []
    for name in names:
        there = part_of(name)
        if not here or not there or there == here:
            continue
        beside = here in SHELLS and there in SHELLS and LAYERS[there] == LAYERS[here]
        if there in NEVER_IMPORTED or not (LAYERS[there] < LAYERS[here] or beside):
            found.append(f"{module} imports {name}")
    return found


def out_of_place(module: str, names: Iterator[str]) -> list[str]:
    found = []
    for name in names:
        for confined, allowed in ONLY_IN.items():
            if (name == confined or name.startswith(f"{confined}.")) and module not in allowed:
                found.append(f"{module} imports {name}")
    return found


def module_state(module: str, tree: ast.Module) -> list[str]:
    """Containers bound at module level that are no constants, changes to those that are, and ``global`` anywhere.

    A constant says so: its name is in capitals, or its type is one that cannot be changed.
    """
    found = [f"{module}:{node.lineno} global" for node in ast.walk(tree) if isinstance(node, ast.Global)]
    containers = set()
    for node in tree.body:
        targets = [node.target] if isinstance(node, ast.AnnAssign) else getattr(node, "targets", [])
        if not isinstance(node, ast.Assign | ast.AnnAssign) or not _is_mutable(node.value):
            continue
        for name in (target.id for target in targets if isinstance(target, ast.Name)):
            containers.add(name)
            if name != "__all__" and name.upper() != name and not _is_read_only(node):
                found.append(f"{module}:{node.lineno} {name} is not a constant")
    return found + [f"{module}:{node.lineno} {name} is changed" for node, name in _changes(tree) if name in containers]


def _is_read_only(node: ast.Assign | ast.AnnAssign) -> bool:
    if not isinstance(node, ast.AnnAssign):
        return False
    head = node.annotation.value if isinstance(node.annotation, ast.Subscript) else node.annotation
    return ast.unparse(head).rpartition(".")[2] in READ_ONLY_TYPES


def _changes(tree: ast.Module) -> Iterator[tuple[ast.expr, str]]:
    """Every place where something is put into, or taken out of, what a plain name stands for."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
            changed: ast.expr = node.value
        elif isinstance(node, ast.Attribute) and node.attr in CHANGING_METHODS:
            changed = node.value
        else:
            continue
        if isinstance(changed, ast.Name):
            yield node, changed.id


def _is_mutable(value: ast.expr | None) -> bool:
    if isinstance(value, ast.Call):
        return ast.unparse(value.func).rpartition(".")[2] in MUTABLE_MAKERS
    return isinstance(value, ast.Dict | ast.List | ast.Set | ast.DictComp | ast.ListComp | ast.SetComp)


@pytest.fixture(params=modules(), ids=module_name)
def path(request: pytest.FixtureRequest) -> Path:
    return Path(request.param)


def names_in(path: Path) -> Iterator[str]:
    return imported(ast.parse(path.read_text()), module_name(path), path.name == "__init__.py")


def test_imports_run_one_way(path: Path) -> None:
    assert wrong_direction(module_name(path), names_in(path)) == []


def test_the_reactor_plugins_and_the_parser_are_met_in_one_place(path: Path) -> None:
    assert out_of_place(module_name(path), names_in(path)) == []


def test_no_module_keeps_state(path: Path) -> None:
    assert module_state(module_name(path), ast.parse(path.read_text())) == []


def test_a_module_says_what_it_is_for_and_stays_readable(path: Path) -> None:
    text = path.read_text()
    # An empty __init__.py only makes a folder a package.
    assert not text or ast.get_docstring(ast.parse(text))
    assert text.count("\n") <= LONGEST_MODULE


def test_every_part_of_the_package_has_its_layer() -> None:
    parts = {path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in modules()} - {"__init__"}
    assert parts <= set(LAYERS), "give the new part its place in LAYERS"


def test_drop_ins_import_declarations_alone() -> None:
    for drop_in in (ROOT / "twisted" / "plugins").glob("*.py"):
        allowed = ("shadowgate.plugin.", "twisted.application.service.ServiceMaker")
        names = imported(ast.parse(drop_in.read_text()), drop_in.stem, False)
        assert [name for name in names if not name.startswith(allowed)] == []


def test_importing_everything_leaves_the_choice_of_reactor_open() -> None:
    names = [module_name(path) for path in modules() if path.name != "__main__.py"]
    code = (
        "import importlib, sys\n"
        f"for name in {names!r}:\n"
        "    importlib.import_module(name)\n"
        "    if 'twisted.internet.reactor' in sys.modules:\n"
        "        sys.exit(f'{name} installs a reactor')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


# --- the rules themselves ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("shadowgate.http.head", "from shadowgate.model import Route"),
        ("shadowgate.model.routing", "import shadowgate.http.head"),
        ("shadowgate.runtime.exchange", "from shadowgate import net"),
        ("shadowgate.runtime.exchange", "def late():\n    from shadowgate.net.pool import Pool"),
        ("shadowgate.runtime.exchange", "from ..net.pool import Pool"),
        ("shadowgate.bundled.filters.respond", "from shadowgate.config.catalog import Catalog"),
        ("shadowgate.config.pipeline", "from shadowgate.bundled.dialects.istio import IstioDialect"),
        ("shadowgate.gateway", "from shadowgate.service import GatewayService"),
        ("shadowgate.cli", "from shadowgate.demo.run import demonstrate"),
    ],
)
def test_an_import_against_the_stream_is_found(module: str, line: str) -> None:
    assert wrong_direction(module, imported(ast.parse(line), module, False))


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("shadowgate.net.server", "from shadowgate.runtime.exchange import Exchange"),
        ("shadowgate.net.server", "from shadowgate.net.client import Client"),
        ("shadowgate.net.server", "from .client import Client"),
        ("shadowgate.cli", "from shadowgate import __version__"),
        ("shadowgate.service", "from shadowgate.admin.api import AdminResource"),
    ],
)
def test_an_import_with_the_stream_is_let_through(module: str, line: str) -> None:
    assert not wrong_direction(module, imported(ast.parse(line), module, False))


@pytest.mark.parametrize(
    "line",
    [
        "from twisted.internet import reactor",
        "import twisted.internet.reactor",
        "from twisted.plugin import getPlugins",
        "import httptools",
        "from httptools.parser import HttpRequestParser",
    ],
)
def test_an_import_out_of_place_is_found(line: str) -> None:
    assert out_of_place("shadowgate.http.writer", imported(ast.parse(line), "shadowgate.http.writer", False))


@pytest.mark.parametrize(
    "line",
    [
        "cache = {}",
        "cache: dict[str, int] = {}",
        "seen = set()",
        "queue = collections.deque()",
        "names = [n for n in range(3)]",
        "def f():\n    global x\n    x = 1",
        "CACHE = {}\ndef f(x):\n    CACHE[x] = 1",
        "CACHE = {}\ndef f(x):\n    del CACHE[x]",
        "SEEN: Final = set()\ndef f(x):\n    SEEN.add(x)",
    ],
)
def test_state_in_a_module_is_found(line: str) -> None:
    assert module_state("m", ast.parse(line))


@pytest.mark.parametrize(
    "line",
    [
        "__all__ = ['a']",
        "NAMES = frozenset({'a'})",
        "table: Mapping[str, int] = {'a': 1}",
        "TABLE = {'a': 1}\ndef f(x):\n    return TABLE[x], TABLE.get(x)",
        "PAIR = (1, 2)",
        "class A:\n    items: list[int] = field(factory=list)",
    ],
)
def test_a_constant_is_let_through(line: str) -> None:
    assert not module_state("m", ast.parse(line))
