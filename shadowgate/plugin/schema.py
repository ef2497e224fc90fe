"""Document nodes read into attrs classes, directed by the classes' own annotations.

A class says what may be written; :func:`read` makes an instance of what was written and puts everything that is wrong
into a report, with its place and its path.  :func:`describe` turns the same class into documentation.  Nothing here
knows a dialect or an extension point, and nothing here guesses: the type of a field decides what its text means.

Fields may be ``str``, ``int``, ``float``, ``bool``, ``bytes``, :data:`Duration`, :data:`ByteSize`, ``Literal``, enums,
other attrs classes, ``tuple[T, ...]``, ``frozenset[T]``, ``Mapping[str, T]``, :data:`OneOrMany`, unions of these with
each other and with None, :class:`~shadowgate.model.PluginUse`, and ``Node`` for a part that is read later.

A class may have

``position: Position``
    filled with the node's place; never a key;
``from_scalar(cls, text) -> instance``
    a class method for the short form of a mapping (``127.0.0.1:8001``); raises ``ValueError`` with a sentence, or
    ``checks.Unfit`` where the reason has an entry of its own;
``ignored_keys: ClassVar[frozenset[str]]``
    keys that are known to exist and passed over in silence;
field metadata ``doc`` and ``key``
    a sentence for the reference, and a further spelling of the key (``podIP``).
"""

from __future__ import annotations

import types
from collections.abc import Mapping as AbstractMapping
from enum import Enum
from functools import cache, partial
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import attrs
from attrs import NOTHING, Attribute, Factory, frozen

from shadowgate.errors import NOWHERE, PluginError, Position
from shadowgate.model.use import PluginUse
from shadowgate.plugin.checks import reading
from shadowgate.plugin.documents import Mapping, Node, Report, Scalar, Sequence
from shadowgate.plugin.kinds import (
    INVALID,
    LEAVES,
    PLUGIN_USE,
    Given,
    Kind,
    check_of,
    choice,
    found,
    join,
    list_of,
    mapping_of,
    one_or_many,
    raw,
    union,
    wrong_shape,
)
from shadowgate.plugin.scalars import ByteSize, Duration
from shadowgate.plugin.spelling import did_you_mean

__all__ = ["ByteSize", "Duration", "OneOrMany", "OptionDoc", "describe", "read", "to_node"]

T = TypeVar("T")


@frozen
class _Single:
    """Marks a tuple whose only item may be written without the list."""


OneOrMany = Annotated[tuple[T, ...], _Single()]
"""A tuple that may be written as a list or, when it has one item, as that item."""


@frozen
class OptionDoc:
    """One option as a reader of the reference sees it; ``default`` is empty for a required one."""

    name: str
    type: str
    default: str
    required: bool
    doc: str


@frozen(eq=False)
class _Field:
    """``name`` is what the class's constructor calls it, ``key`` what people do."""

    attribute: Attribute[Any]
    name: str
    key: str
    kind: Kind
    required: bool


@frozen(eq=False)
class _Plan:
    """What there is to know of a class: its fields by every accepted spelling of their keys."""

    fields: tuple[_Field, ...]
    required: tuple[_Field, ...]
    by_key: dict[str, _Field]
    ignored: frozenset[str]
    has_position: bool


def read(cls: type[T], node: Any, report: Report, path: str = "", *, position: Position = NOWHERE) -> T | None:
    """Return an instance of ``cls`` as ``node`` says, or None after putting the reasons into ``report``.

    ``node`` is a document node or plain values that a program made; the latter have ``position`` for their place.
    Nothing at all (null) stands for an empty mapping.
    """
    tree = to_node(node, position)
    if isinstance(tree, Scalar) and tree.null:
        tree = Mapping((), tree.position)
    annotation: Any = cls
    value = _kind(annotation).read(tree, report, path)
    return None if value is INVALID else value


def describe(cls: type[Any]) -> tuple[OptionDoc, ...]:
    """Return the options of an attrs class in the order of its fields."""
    component: Any = cls
    return tuple(
        OptionDoc(
            field.key,
            field.kind.text,
            "" if field.required else _default_text(field),
            field.required,
            field.attribute.metadata.get("doc", ""),
        )
        for field in _plan(component).fields
    )


def to_node(value: Any, position: Position = NOWHERE) -> Node:
    """Return plain values as a tree; nodes stay what they are."""
    if isinstance(value, str):
        return Given(value, position, True, value)
    if isinstance(value, Scalar | Sequence | Mapping):
        return value
    if isinstance(value, AbstractMapping):
        entries = ((Scalar(str(key), position), to_node(item, position)) for key, item in value.items())
        return Mapping(tuple(entries), position)
    if isinstance(value, list | tuple | set | frozenset):
        return Sequence(tuple(to_node(item, position) for item in value), position)
    if value is None:
        return Scalar("", position)
    return Given(str(value).lower() if isinstance(value, bool) else str(value), position, False, value)


# Annotations


@cache
def _kind(annotation: Any) -> Kind:
    """Return how values of this annotation are read; made once for each."""
    if annotation in LEAVES:
        return LEAVES[annotation]
    if annotation in (Node, Scalar, Sequence, Mapping):
        return raw(annotation)
    if annotation is PluginUse:
        return PLUGIN_USE
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        kind = _kind(arguments[0])
        return one_or_many(_kind(get_args(arguments[0])[0]), kind) if _Single() in arguments[1:] else kind
    if origin is Literal:
        return choice({str(value): value for value in arguments})
    if origin in (tuple, frozenset) and (origin is frozenset or arguments[1:] == (Ellipsis,)):
        return list_of(_kind(arguments[0]), origin)
    if origin in (dict, AbstractMapping) and arguments[0] is str:
        return mapping_of(_kind(arguments[1]))
    if origin in (Union, types.UnionType):
        members = tuple(_kind(argument) for argument in arguments if argument is not type(None))
        return union(members, nullable=type(None) in arguments)
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return choice({str(member.value): member for member in annotation})
    if isinstance(annotation, type) and attrs.has(annotation):
        shapes = (Mapping, Scalar) if hasattr(annotation, "from_scalar") else (Mapping,)
        return Kind(partial(_read_class, annotation), "mapping", shapes)
    raise PluginError(f"options cannot have the type {annotation!r}")


# Classes


@cache
def _plan(cls: Any) -> _Plan:
    try:
        hints = get_type_hints(cls, include_extras=True)
    except NameError as error:
        raise PluginError(f"{cls.__module__}.{cls.__qualname__}: an annotation cannot be resolved: {error}") from None
    fields = []
    by_key: dict[str, _Field] = {}
    has_position = False
    for attribute in attrs.fields(cls):
        if not attribute.init:
            continue
        if attribute.name == "position" and hints[attribute.name] is Position:
            has_position = True
            continue
        snake = attribute.alias.strip("_") if attribute.alias else attribute.name
        camel = attribute.metadata.get("key") or _camel(snake)
        kind, required = _kind(hints[attribute.name]), attribute.default is NOTHING
        field = _Field(attribute, str(attribute.alias), camel, kind, required)
        fields.append(field)
        by_key[snake] = by_key[_camel(snake)] = by_key[camel] = field
    demanded = tuple(field for field in fields if field.required)
    return _Plan(tuple(fields), demanded, by_key, getattr(cls, "ignored_keys", frozenset()), has_position)


def _camel(snake: str) -> str:
    first, *rest = snake.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in rest)


def _read_class(cls: Any, node: Node, report: Report, path: str) -> Any:
    plan = _plan(cls)
    if not isinstance(node, Mapping):
        if isinstance(node, Given) and isinstance(node.value, cls):
            return node.value
        if isinstance(node, Scalar) and not node.null and hasattr(cls, "from_scalar"):
            return _read_short_form(cls, node, report, path)
        return wrong_shape("a mapping", node, report, path)
    values, nodes, sound = _read_entries(plan, node, report, path)
    for field in plan.required:
        if field.name not in nodes:
            message = f'the key "{field.key}" is missing'
            report.error(message, node.position, path=path, expected=field.kind.text, check=reading.MISSING_KEY)
            sound = False
    if not sound:
        _check_fields(cls, plan, values, nodes, report, path)
        return INVALID
    place = {"position": node.position} if plan.has_position else {}
    try:
        return cls(**values, **place)
    except (ValueError, TypeError) as error:
        if not _check_fields(cls, plan, values, nodes, report, path):
            report.error(_sentence(error), node.position, path=path, check=check_of(error))
        return INVALID


def _read_short_form(cls: Any, node: Scalar, report: Report, path: str) -> Any:
    try:
        value = cls.from_scalar(node.text)
    except (ValueError, TypeError) as error:
        report.error(_sentence(error), node.position, path=path, found=found(node), check=check_of(error))
        return INVALID
    return _placed(value, node.position)


def _placed(value: Any, position: Position) -> Any:
    """Return what a short form made, and all that it is made of, with the place of the text."""
    if isinstance(value, tuple):
        return tuple(_placed(item, position) for item in value)
    made: Any = type(value)
    if not attrs.has(made) or made is Position:
        return value
    plan = _plan(made)
    changes: dict[str, Any] = {"position": position} if plan.has_position else {}
    for field in plan.fields:
        part = getattr(value, field.attribute.name)
        if isinstance(part, tuple) or attrs.has(type(part)):
            changes[field.name] = _placed(part, position)
    return attrs.evolve(value, **changes) if changes else value


def _read_entries(
    plan: _Plan, node: Mapping, report: Report, path: str
) -> tuple[dict[str, Any], dict[str, tuple[Scalar, Node]], bool]:
    """Return the values and the entries by field name, and whether all of it was sound."""
    fields, ignored = plan.by_key, plan.ignored
    outer = join(path, "")
    values: dict[str, Any] = {}
    nodes: dict[str, tuple[Scalar, Node]] = {}
    sound = True
    for entry in node.entries:
        key, part = entry
        field = fields.get(key.text)
        if field is None:
            if key.text not in ignored:
                _report_unknown(plan, key, report, path)
                sound = False
            continue
        name = field.name
        if name in nodes:
            message = f'"{key.text}" is given twice, in two spellings'
            report.error(message, key.position, path=path, check=reading.REPEATED_KEY)
            sound = False
            continue
        if not field.required and isinstance(part, Scalar) and part.null:
            continue
        nodes[name] = entry
        value = field.kind.read(part, report, outer + key.text)
        if value is INVALID:
            sound = False
        else:
            values[name] = value
    return values, nodes, sound


def _check_fields(
    cls: Any,
    plan: _Plan,
    values: dict[str, Any],
    nodes: dict[str, tuple[Scalar, Node]],
    report: Report,
    path: str,
) -> bool:
    """Report each value that its own converter or validator refuses, at its node; return whether there was one.

    The instance does not exist yet; a validator that looks at other fields is left to the constructor.
    """
    bare = object.__new__(cls)
    refused = False
    for field in plan.fields:
        if field.name not in values:
            continue
        attribute, value = field.attribute, values[field.name]
        convert: Any = attribute.converter
        try:
            if isinstance(convert, attrs.Converter):
                value = convert(value, bare, attribute)  # type: ignore[operator]
            elif convert is not None:
                value = convert(value)
            if attribute.validator is not None:
                attribute.validator(bare, attribute, value)
        except AttributeError:
            continue
        except (ValueError, TypeError) as error:
            key, part = nodes[field.name]
            shown = found(part) if isinstance(part, Scalar) else ""
            report.error(_sentence(error), part.position, path=join(path, key.text), found=shown, check=check_of(error))
            refused = True
    return refused


# Sentences

_FACTORY: Any = Factory  # typed by attrs as a function, though it is the class of such defaults


def _report_unknown(plan: _Plan, key: Scalar, report: Report, path: str) -> None:
    keys = [field.key for field in plan.fields]
    message = f'unknown key "{key.text}"{did_you_mean(key.text, keys)}'
    expected = f"one of {', '.join(keys)}" if keys else "no options at all"
    report.error(message, key.position, path=path, expected=expected, check=reading.UNKNOWN_KEY)


def _sentence(error: Exception) -> str:
    return str(error.args[0]) if error.args else type(error).__name__


def _default_text(field: _Field) -> str:
    default = field.attribute.default
    if isinstance(default, _FACTORY):
        default = None if default.takes_self else default.factory()
    text = _value_text(default)
    return f"{text}s" if text and field.kind.text == "duration" else text


def _value_text(value: Any) -> str:
    if value is None or value == () or value == {} or value == frozenset() or attrs.has(type(value)):
        return ""
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    if isinstance(value, Enum):
        return str(value.value)
    return ", ".join(map(_value_text, value)) if isinstance(value, tuple | frozenset) else str(value)
