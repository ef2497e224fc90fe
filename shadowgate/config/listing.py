"""The catalog in words, for ``shadowgate plugins``: what is installed, what it takes, and what is broken and why.

Listing imports no component; describing one imports that one.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Sequence

from shadowgate.config.catalog import POINTS, Catalog, Entry
from shadowgate.errors import PluginError
from shadowgate.plugin import OptionDoc, describe
from shadowgate.plugin.spelling import did_you_mean


def list_plugins(catalog: Catalog) -> str:
    """Return one line for each component, and one for each drop-in or component that cannot be used."""
    order = list(POINTS.values())
    entries = sorted(
        catalog.entries,
        key=lambda entry: order.index(entry.point_name) if entry.point_name in order else len(order),
    )
    rows = [("POINT", "NAME", "FROM", "CLASS")]
    rows += [(entry.point_name, entry.name, entry.origin, entry.target) for entry in entries]
    broken = [f"  {entry.title}: {entry.error}" for entry in entries if entry.error]
    broken += [f"  {failure}" for failure in catalog.failures]
    text = _table(rows)
    return f"{text}\n\nNot usable:\n" + "\n".join(broken) if broken else text


def describe_plugin(catalog: Catalog, name: str) -> str:
    """Return what each component of this name does and takes; raise a PluginError when there is none."""
    found = [entry for entry in catalog.entries if name in (entry.name, f"{entry.point_name}/{entry.name}")]
    if not found:
        names = sorted({entry.name for entry in catalog.entries})
        lines = [f'there is no plugin "{name}"{did_you_mean(name, names)}', *map(str, catalog.failures)]
        raise PluginError("\n".join(lines))
    return "\n\n".join(_describe(catalog, entry) for entry in found)


def _describe(catalog: Catalog, entry: Entry) -> str:
    lines = [f"{entry.name}: {entry.point_name} from {entry.origin}", f"  {entry.target}"]
    if entry.dropin:
        lines.append(f"  declared in {entry.dropin}")
    try:
        component = catalog.component_class(entry.point, entry.name)
    except PluginError as error:
        return "\n".join([*lines, "", f"Not usable: {error}"])
    summary = _first_paragraph(component)
    if summary:
        lines += ["", summary]
    options = describe(component)
    lines += ["", "Options:", *_options(options)] if options else ["", "No options."]
    return "\n".join(lines)


def _first_paragraph(component: type[object]) -> str:
    text = inspect.cleandoc(component.__doc__ or "")
    return text.partition("\n\n")[0]


def _options(options: Iterable[OptionDoc]) -> Iterable[str]:
    for option in options:
        state = "required" if option.required else f"default {option.default}" if option.default else "optional"
        yield f"  {option.name} ({option.type}; {state})"
        if option.doc:
            yield f"      {option.doc}"


def _table(rows: Sequence[tuple[str, ...]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
