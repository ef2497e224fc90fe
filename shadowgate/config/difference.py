"""What one configuration changes against another: added, removed, changed and moved parts, by what they are called.

Compares the plain values of ``view``.  What means the same is the same: places, the order of things whose order does
not matter, weights with the same shares.  Secrets are compared and not shown.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Final, Literal

import attrs
from attrs import frozen

from shadowgate.config.secrets import redacted
from shadowgate.config.view import Plain, camel

Kind = Literal["added", "removed", "changed", "moved"]


@frozen
class Change:
    """One difference.  ``path`` says of what; of a moved part ``before`` and ``after`` are its places, from 0."""

    kind: Kind
    path: str
    before: Any = None
    after: Any = None
    before_position: str = ""
    after_position: str = ""

    def plain(self) -> Plain:
        """Return it as JSON has it."""
        return {
            camel(key): value for key, value in attrs.asdict(self, recurse=False).items() if value not in (None, "")
        }


def difference(before: Plain, after: Plain) -> tuple[Change, ...]:
    """Return what has to be changed to come from one view of a configuration to the other."""
    old, new = _named_routes(before["routes"], after["routes"])
    found = [
        *_parts("listener", before["listeners"], after["listeners"], _name),
        *_parts("", old, new, _route_name),
        *_order_of_routes(old, new),
        *_parts("cluster", before["clusters"], after["clusters"], _name),
    ]
    return tuple(found)


# What parts are called

Name = Callable[[Plain], str]


def _name(part: Plain) -> str:
    return str(part["name"])


def _named_routes(*views: Sequence[Plain]) -> list[list[Plain]]:
    """Return the routes of each view, their names free of places and telling apart what has one name.

    A route that has no name is called after its hosts and its place; one that several listeners serve differently
    stands there once for each.
    """
    named = [
        [{**each, "name": str(each["name"]).removesuffix(f" at {each.get('position')}")} for each in routes]
        for routes in views
    ]
    repeated = {name for routes in named for name, times in Counter(map(_route_name, routes)).items() if times > 1}
    for route in chain.from_iterable(named):
        if _route_name(route) in repeated and route["listeners"]:
            route["name"] += f" on {', '.join(route['listeners'])}"
    return named


def _route_name(route: Plain) -> str:
    return f"{route['kind']} {route['namespace']}/{route['name']}"


def _rule_name(rule: Plain) -> str:
    return f"rule {rule['name']}" if rule["name"] else f"rule for {_canonical(_settled(rule['matches'], 'matches'))}"


def _endpoint_name(endpoint: Plain) -> str:
    return f"{endpoint['address']}:{endpoint['port']}"


def _mirror_name(mirror: Plain) -> str:
    return str(mirror["name"] or mirror["destination"]["destination"])


_NAMED: Final[Mapping[str, tuple[str, Name]]] = {
    "destinations": ("destination", lambda part: str(part["destination"])),
    "mirrors": ("mirror", _mirror_name),
    "endpoints": ("endpoint", _endpoint_name),
    "subsets": ("subset", _name),
}
"""Lists whose items have names, so that their order says nothing."""

_UNORDERED: Final = frozenset(
    {"hosts", "aliases", "listeners", "matches", "conditions", "ports", "exportedTo", "namespaces"}
)
_PASSED_OVER: Final = frozenset({"position", "created"})


# Comparing


def _parts(noun: str, before: Sequence[Plain], after: Sequence[Plain], name: Name, above: str = "") -> Iterator[Change]:
    """Compare two lists of parts that have names."""
    old, new = _by_name(before, name), _by_name(after, name)
    for key in dict.fromkeys((*old, *new)):
        path = _join(above, f"{noun} {key}".strip())
        yield from _part(path, old.get(key), new.get(key))


def _part(path: str, old: Plain | None, new: Plain | None) -> Iterator[Change]:
    if old is None and new is not None:
        yield Change("added", path, after=_shown(new), after_position=_place(new))
    elif new is None and old is not None:
        yield Change("removed", path, before=_shown(old), before_position=_place(old))
    elif old is not None and new is not None:
        yield from _fields(path, _with_shares(old), _with_shares(new))


def _fields(path: str, old: Plain, new: Plain) -> Iterator[Change]:
    places = (_place(old), _place(new))
    for key in dict.fromkeys((*old, *new)):
        was, now = old.get(key), new.get(key)
        if key in _PASSED_OVER or _canonical(_settled(was, key)) == _canonical(_settled(now, key)):
            continue
        if key == "rules":
            yield from _rules(path, was or [], now or [])
        elif key in _NAMED:
            noun, name = _NAMED[key]
            yield from _parts(noun, was or [], now or [], name, path)
        elif key in _UNORDERED:
            yield from _members(_join(path, key), was or [], now or [], places)
        elif isinstance(was, dict) and isinstance(now, dict) and "plugin" not in was:
            yield from _fields(_join(path, key), {"position": places[0], **was}, {"position": places[1], **now})
        else:
            yield Change("changed", _join(path, key), _shown(was, key), _shown(now, key), *places)


def _members(path: str, old: Sequence[Any], new: Sequence[Any], places: tuple[str, str]) -> Iterator[Change]:
    was = {_canonical(_settled(item)): item for item in old}
    now = {_canonical(_settled(item)): item for item in new}
    for key, item in was.items():
        if key not in now:
            yield Change("removed", path, before=_shown(item), before_position=_place(item) or places[0])
    for key, item in now.items():
        if key not in was:
            yield Change("added", path, after=_shown(item), after_position=_place(item) or places[1])


# Rules, whose order matters


def _rules(path: str, before: Sequence[Plain], after: Sequence[Plain]) -> Iterator[Change]:
    pairs = _paired(before, after)
    taken = {new for _, new in pairs}
    for old in range(len(before)):
        if not any(old == paired for paired, _ in pairs):
            yield from _part(_join(path, _rule_title(before, old)), before[old], None)
    for old, new in pairs:
        yield from _part(_join(path, _rule_title(after, new)), before[old], after[new])
    for new in range(len(after)):
        if new not in taken:
            yield from _part(_join(path, _rule_title(after, new)), None, after[new])
    for old, new in _moved(pairs):
        title = _join(path, _rule_title(after, new))
        yield Change("moved", title, old, new, _place(before[old]), _place(after[new]))


def _paired(before: Sequence[Plain], after: Sequence[Plain]) -> list[tuple[int, int]]:
    """Return which rule became which: by name, else by matches, else by the place among those left over."""
    old, new = list(_by_name(before, _rule_name)), list(_by_name(after, _rule_name))
    places = {name: place for place, name in enumerate(new)}
    pairs = {place: places[name] for place, name in enumerate(old) if name in places}
    taken = set(pairs.values())
    for place in range(min(len(old), len(new))):
        if place not in pairs and place not in taken and not before[place]["name"] and not after[place]["name"]:
            pairs[place] = place
    return sorted(pairs.items(), key=lambda pair: pair[1])


def _moved(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the fewest pairs that must have moved: those outside a longest run that kept its order."""
    tails: list[int] = []
    ends: list[int] = []
    previous: list[int] = []
    for index, (old, _) in enumerate(pairs):
        place = bisect_left(tails, old)
        tails[place : place + 1] = [old]
        ends[place : place + 1] = [index]
        previous.append(ends[place - 1] if place else -1)
    kept: set[int] = set()
    index = ends[-1] if ends else -1
    while index >= 0:
        kept.add(index)
        index = previous[index]
    return [pair for index, pair in enumerate(pairs) if index not in kept]


def _order_of_routes(before: Iterable[Plain], after: Iterable[Plain]) -> Iterator[Change]:
    """Yield the hosts whose routes, all there before, are tried in another order."""
    old, new = _by_host(before), _by_host(after)
    for host in old.keys() & new.keys():
        was = [name for name in old[host] if name in new[host]]
        now = [name for name in new[host] if name in old[host]]
        if was != now:
            yield Change("changed", f"host {host}: order of routes", was, now)


def _by_host(routes: Iterable[Plain]) -> dict[str, list[str]]:
    hosts: dict[str, list[str]] = {}
    for name, route in _by_name(list(routes), _route_name).items():
        for host in route["hosts"]:
            hosts.setdefault(host, []).append(name)
    return hosts


def _rule_title(rules: Sequence[Plain], place: int) -> str:
    return f"rule {rules[place]['name']}" if rules[place]["name"] else f"rule[{place}]"


# Values


def _by_name(parts: Sequence[Plain], name: Name) -> dict[str, Plain]:
    """Return the parts by name; of several with one name, the later ones get a number."""
    found: dict[str, Plain] = {}
    for part in parts:
        key = title = name(part)
        number = 1
        while key in found:
            number += 1
            key = f"{title} ({number})"
        found[key] = part
    return found


def _with_shares(part: Plain) -> Plain:
    """Return a rule with shares for weights: those are what weights mean."""
    destinations = part.get("destinations")
    if not destinations or "balancer" in part:
        return part
    total = sum(each["weight"] for each in destinations)
    alone = len(destinations) == 1
    shared = [
        {key: value for key, value in each.items() if key != "weight"}
        | {"share": "100%" if alone else f"{100 * each['weight'] / (total or 1):.4g}%"}
        for each in destinations
    ]
    return {**part, "destinations": shared}


def _settled(value: Any, key: str = "") -> Any:
    """Return a value without what means nothing: places, and the order of what has none."""
    if isinstance(value, dict):
        value = _with_shares(value)
        return {name: _settled(item, name) for name, item in value.items() if name not in _PASSED_OVER}
    if isinstance(value, list):
        items = [_settled(item) for item in value]
        return sorted(items, key=_canonical) if key in _UNORDERED or key in _NAMED else items
    return value


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _shown(value: Any, key: str = "") -> Any:
    return redacted(value, key)


def _place(part: Any) -> str:
    return str(part.get("position", "")) if isinstance(part, dict) else ""


def _join(above: str, name: str) -> str:
    return f"{above}: {name}" if above else name
