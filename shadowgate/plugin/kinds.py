"""How a node becomes a value of one kind: leaves, lists, mappings and choices among them.

A :class:`Kind` reads one node and either returns a value or reports why not and returns :data:`INVALID`.  Which kind an
annotation asks for, and how classes are read, is ``schema``'s to know; this module knows no attrs class but PluginUse.
"""

from __future__ import annotations

from collections import abc
from collections.abc import Callable, Iterable
from typing import Any, Final

from attrs import frozen

from shadowgate.fixed import fixed
from shadowgate.model.use import PluginUse
from shadowgate.plugin import scalars
from shadowgate.plugin.checks import Check, Unfit, reading
from shadowgate.plugin.documents import Mapping, Node, Report, Scalar, Sequence
from shadowgate.plugin.scalars import ByteSize, Duration
from shadowgate.plugin.spelling import did_you_mean

INVALID: Final = object()
_SHAPE_NAMES: abc.Mapping[type, str] = {Mapping: "a mapping", Sequence: "a list"}


@fixed
class Given(Scalar):
    """A leaf that a program made: ``value`` is used as it is wherever its type fits."""

    value: Any = None


@frozen(eq=False)
class Kind:
    """How values of one annotation are read: ``shapes`` are the node classes that can hold one."""

    read: Callable[[Node, Report, str], Any]
    text: str
    shapes: tuple[type, ...]


def leaf(parse: Callable[[str], Any], text: str, *given: type) -> Kind:
    """Make a kind of scalar; a program may also give a value of one of the ``given`` types, made into the first."""

    def read_leaf(node: Node, report: Report, path: str) -> Any:
        if not isinstance(node, Scalar) or node.null:
            return wrong_shape(text, node, report, path)
        if isinstance(node, Given) and type(node.value) in given:
            return given[0](node.value)
        try:
            return parse(node.text)
        except ValueError as error:
            report.error(str(error), node.position, path=path, found=found(node), check=check_of(error))
            return INVALID

    return Kind(read_leaf, text, (Scalar,))


def _read_truth(node: Node, report: Report, path: str) -> Any:
    if isinstance(node, Scalar) and node.quoted and node.text in ("true", "false"):
        message = f"write {node.text} without quotes"
        report.error(message, node.position, path=path, found=found(node), check=reading.TRUTH)
        return INVALID
    return _TRUTH.read(node, report, path)


def _encode(text: str) -> bytes:
    return text.encode("utf-8")


_TRUTH: Final = leaf(scalars.truth, "true or false", bool)
LEAVES: abc.Mapping[Any, Kind] = {
    str: leaf(str, "text", str),
    bytes: leaf(_encode, "text", bytes),
    int: leaf(scalars.integer, "integer", int),
    float: leaf(scalars.number, "number", float, int),
    bool: Kind(_read_truth, "true or false", (Scalar,)),
    Duration: leaf(scalars.duration, "duration", float, int),
    ByteSize: leaf(scalars.byte_size, "size", int),
}


def raw(annotation: Any) -> Kind:
    """Make the kind of a part that is kept as it stands, for someone else to read."""
    shapes = (Scalar, Sequence, Mapping) if annotation is Node else (annotation,)

    def read_raw(node: Node, report: Report, path: str) -> Any:
        return node if isinstance(node, shapes) else wrong_shape(text, node, report, path)

    text = "anything" if annotation is Node else _SHAPE_NAMES.get(annotation, "text").removeprefix("a ")
    return Kind(read_raw, text, shapes)


def choice(choices: dict[str, Any]) -> Kind:
    """Make the kind of a few values, each written as its text."""
    text = " | ".join(choices)

    def read_choice(node: Node, report: Report, path: str) -> Any:
        if not isinstance(node, Scalar) or node.null:
            return wrong_shape(f"one of {', '.join(choices)}", node, report, path)
        if isinstance(node, Given) and any(node.value is value for value in choices.values()):
            return node.value
        if node.text in choices:
            return choices[node.text]
        message = f'"{node.text}" is not known here{did_you_mean(node.text, choices)}'
        expected = f"one of {', '.join(choices)}"
        report.error(message, node.position, path=path, expected=expected, check=reading.UNKNOWN_CHOICE)
        return INVALID

    return Kind(read_choice, text, (Scalar,))


def list_of(item: Kind, make: Callable[[Iterable[Any]], Any]) -> Kind:
    """Make the kind of a list; every item is read even after one was wrong."""
    text = f"list of {item.text}"

    def read_list(node: Node, report: Report, path: str) -> Any:
        if not isinstance(node, Sequence):
            return wrong_shape("a list", node, report, path)
        values = [item.read(part, report, f"{path}[{index}]") for index, part in enumerate(node.items)]
        return INVALID if any(value is INVALID for value in values) else make(values)

    return Kind(read_list, text, (Sequence,))


def one_or_many(item: Kind, many: Kind) -> Kind:
    """Make the kind of a list whose only item may stand without it."""

    def read_either(node: Node, report: Report, path: str) -> Any:
        if isinstance(node, Sequence):
            return many.read(node, report, path)
        value = item.read(node, report, path)
        return INVALID if value is INVALID else (value,)

    return Kind(read_either, f"{item.text}, or a list of them", (Sequence, *item.shapes))


def mapping_of(item: Kind) -> Kind:
    """Make the kind of a mapping whose keys are the writer's own names."""

    def read_dict(node: Node, report: Report, path: str) -> Any:
        if not isinstance(node, Mapping):
            return wrong_shape("a mapping", node, report, path)
        values = {key.text: item.read(part, report, join(path, key.text)) for key, part in node.entries}
        return INVALID if any(value is INVALID for value in values.values()) else values

    return Kind(read_dict, f"mapping of {item.text}", (Mapping,))


def union(members: tuple[Kind, ...], *, nullable: bool) -> Kind:
    """Make the kind of any of ``members``: the first that can read the node.

    Where only one of them can be written in the node's shape its own problems are shown: they say more than a list
    of what might have stood there.
    """
    text = " or ".join(dict.fromkeys(member.text for member in members))

    def read_union(node: Node, report: Report, path: str) -> Any:
        if nullable and isinstance(node, Scalar) and node.null:
            return None
        fitting = [member for member in members if isinstance(node, member.shapes)]
        if len(fitting) == 1 or len(members) == 1:
            return (fitting or members)[0].read(node, report, path)
        for member in fitting:
            value = member.read(node, Report(), path)
            if value is not INVALID:
                return value
        return wrong_shape(text, node, report, path)

    return Kind(read_union, text, tuple({shape for member in members for shape in member.shapes}))


def _read_use(node: Node, report: Report, path: str) -> Any:
    """Read ``name``, or ``name: {options}`` with nothing but ``onError`` beside it."""
    if isinstance(node, Given) and isinstance(node.value, PluginUse):
        return node.value
    if isinstance(node, Scalar) and not node.null:
        return PluginUse(node.text, None, node.position)
    if not isinstance(node, Mapping):
        return wrong_shape("a plugin's name, or its name with options", node, report, path)
    plugins = [entry for entry in node.entries if entry[0].text not in _ON_ERROR_KEYS]
    if len(plugins) != 1:
        shown = f"the keys {', '.join(key.text for key, _ in plugins)}" if plugins else "no name"
        expected = "one name with its options below it; a list for several"
        report.error(
            "one plugin at a time",
            node.position,
            path=path,
            found=shown,
            expected=expected,
            check=reading.WRONG_SHAPE,
        )
        return INVALID
    on_error: Any = "fail"
    for key, value in node.entries:
        if key.text in _ON_ERROR_KEYS:
            on_error = _ON_ERROR.read(value, report, join(path, key.text))
    name, options = plugins[0]
    return INVALID if on_error is INVALID else PluginUse(name.text, options, name.position, on_error)


_ON_ERROR_KEYS: Final = ("onError", "on_error")
_ON_ERROR: Final = choice({"fail": "fail", "skip": "skip"})
PLUGIN_USE: Final = Kind(_read_use, "plugin", (Scalar, Mapping))


def wrong_shape(expected: str, node: Node, report: Report, path: str) -> Any:
    """Report that ``node`` is not ``expected``, and return :data:`INVALID`."""
    report.error(
        "wrong kind of value",
        node.position,
        path=path,
        found=found(node),
        expected=expected,
        check=reading.WRONG_SHAPE,
    )
    return INVALID


def check_of(error: Exception) -> Check:
    """Return the entry that a refusal names, or that of refused values at large."""
    return error.check if isinstance(error, Unfit) else reading.REFUSED


def found(node: Node) -> str:
    """Say in a few words what stands at ``node``."""
    if isinstance(node, Scalar):
        if node.null:
            return "nothing"
        return f'"{node.text if len(node.text) <= 60 else node.text[:57] + "..."}"'
    return _SHAPE_NAMES[type(node)]


def join(path: str, key: str) -> str:
    """Return the path of the entry ``key`` of the mapping at ``path``."""
    return f"{path}.{key}" if path else key
