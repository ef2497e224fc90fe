"""The route table: host, then path, then conditions, with the first rule in rank winning.

A host's entries are found through an index of exact paths and of prefixes by their length, so that a request looks at
the few entries that can win and not at the list.  Small tables skip the index: a loop over a handful is cheaper.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from attrs import frozen

from shadowgate.compiler.snapshot import CompiledRule
from shadowgate.http.head import RequestHead
from shadowgate.model import PathMatch
from shadowgate.plugin.regex import whole_match

Find = Callable[[RequestHead], CompiledRule | None]
Condition = Callable[[RequestHead], bool]

SMALL = 8
REMEMBERED_HOSTS = 4096


@frozen(eq=False)
class Entry:
    """One match of one rule; the lower rank wins.  ``path`` of None is any path."""

    rank: int
    path: PathMatch | None
    conditions: tuple[Condition, ...]
    rule: CompiledRule


def path_test(path: PathMatch) -> Callable[[bytes], bool]:
    """Return the condition on a path's bytes; ``ValueError`` for an expression that RE2 does not take."""
    if path.kind == "regex":
        return whole_match(path.value)
    value = path.value.encode()
    fold = path.ignore_case
    if fold:
        value = value.lower()
    if path.kind == "exact":
        return (lambda given: given.lower() == value) if fold else (lambda given: given == value)
    if path.kind == "prefix":
        return (lambda given: given.lower().startswith(value)) if fold else (lambda given: given.startswith(value))
    bare = value.rstrip(b"/")
    below = bare + b"/"

    def segments(given: bytes) -> bool:
        given = given.lower() if fold else given
        return given == bare or given.startswith(below)

    return segments


def compile_paths(entries: Sequence[Entry]) -> Find:
    """Return the look-up among one host's entries."""
    if len(entries) == 1 and entries[0].path is None and not entries[0].conditions:
        only = entries[0].rule
        return lambda head: only
    ordered = sorted(entries, key=lambda entry: entry.rank)
    if len(ordered) <= SMALL:
        return _scan(ordered)
    return _index(ordered)


Test = tuple[int, Callable[[bytes], bool] | None, tuple[Condition, ...], CompiledRule]


def _tests(entries: Iterable[Entry]) -> tuple[Test, ...]:
    return tuple(
        (entry.rank, None if entry.path is None else path_test(entry.path), entry.conditions, entry.rule)
        for entry in entries
    )


def _scan(entries: Sequence[Entry]) -> Find:
    tests = _tests(entries)

    def find(head: RequestHead) -> CompiledRule | None:
        path = head.path
        for _, fits, conditions, rule in tests:
            if fits is not None and not fits(path):
                continue
            for condition in conditions:
                if not condition(head):
                    break
            else:
                return rule
        return None

    return find


def _index(entries: Sequence[Entry]) -> Find:
    exact: dict[bytes, list[Entry]] = {}
    prefixes: dict[bytes, list[Entry]] = {}
    others: list[Entry] = []
    for entry in entries:
        path = entry.path
        if path is None or path.ignore_case or path.kind in ("regex", "segments"):
            others.append(entry)
        elif path.kind == "exact":
            exact.setdefault(path.value.encode(), []).append(entry)
        else:
            prefixes.setdefault(path.value.encode(), []).append(entry)
    # An entry found through its key needs no test of its path any more.
    by_path = {key: _found(found) for key, found in exact.items()}
    by_prefix = {key: _found(found) for key, found in prefixes.items()}
    lengths = tuple(sorted({len(key) for key in prefixes}, reverse=True))
    general = _tests(others)

    def find(head: RequestHead) -> CompiledRule | None:
        path = head.path
        found = by_path.get(path, ())
        for length in lengths:
            hit = by_prefix.get(path[:length])
            if hit is not None:
                found = found + hit if found else hit
        if general:
            found = found + general if found else general
        if len(found) > 1:
            found = sorted(found, key=_rank)  # type: ignore[assignment]
        for _, fits, conditions, rule in found:
            if fits is not None and not fits(path):
                continue
            for condition in conditions:
                if not condition(head):
                    break
            else:
                return rule
        return None

    return find


def _found(entries: Sequence[Entry]) -> tuple[Test, ...]:
    return tuple((entry.rank, None, entry.conditions, entry.rule) for entry in entries)


def _rank(test: Any) -> int:
    rank: int = test[0]
    return rank


def host_key(authority: bytes) -> bytes:
    """Return the host of an authority in lower case, without its port and without a root dot."""
    host = authority.lower()
    if host.startswith(b"["):
        return host.partition(b"]")[0] + b"]"
    return host.partition(b":")[0].rstrip(b".")


def compile_hosts(tables: dict[str, Find]) -> Find:
    """Return the look-up over all hosts: exact name, then the longest ``*.suffix``, then ``*``.

    The keys are host patterns in lower case.  A host that none of them covers has no rule.
    """
    exact = {name.encode(): table for name, table in tables.items() if not name.startswith("*")}
    suffixes = {name[1:].encode(): table for name, table in tables.items() if name.startswith("*.")}
    rest = tables.get("*", _nothing)
    if not exact and not suffixes:
        return rest
    remembered: dict[bytes, Find] = {}

    def choose(authority: bytes) -> Find:
        host = host_key(authority)
        table = exact.get(host)
        at = host.find(b".")
        while table is None and at >= 0:
            table = suffixes.get(host[at:])
            at = host.find(b".", at + 1)
        table = table or rest
        if len(remembered) < REMEMBERED_HOSTS:
            remembered[authority] = table
        return table

    def find(head: RequestHead) -> CompiledRule | None:
        table = remembered.get(head.authority)
        if table is None:
            table = choose(head.authority)
        return table(head)

    return find


def compile_listeners(tables: dict[str, Find], everywhere: Find) -> Find:
    """Return the look-up by listener; ``everywhere`` serves listeners that have no table of their own."""
    if not tables:
        return everywhere
    return lambda head: tables.get(head.listener, everywhere)(head)


def _nothing(head: RequestHead) -> None:
    return None
