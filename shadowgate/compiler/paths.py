"""The path index of one host: from a path to the few entries that can win, however many there are.

A prefix is a range of paths, and two such ranges are apart or one is inside the other.  Their edges, in order, cut all
paths into places; one binary search finds the place of a path, and what is to be tried there was put together when the
configuration was compiled.  A path that some entry names exactly has a place of its own.  The other conditions are
reduced to these two: by elements is the path itself or what begins with it and a slash, and an expression stands under
what all of its matches begin with.  Whatever ignores case is in a second index, of paths in lower case.

Which entry wins is what trying all of them by rank would say.  Memory and the time to compile grow with the number of
entries, not with how they nest.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from math import inf
from operator import itemgetter
from typing import Final

from attrs import field

from shadowgate.compiler.snapshot import CompiledRule, Entry
from shadowgate.fixed import fixed
from shadowgate.http.head import RequestHead
from shadowgate.model import PathMatch
from shadowgate.plugin.regex import common_beginning, which_match, whole_match

Find = Callable[[RequestHead], CompiledRule | None]
Condition = Callable[[RequestHead], bool]

FEW = 16
"""Entries that a place copies from the one around it; where there are more, it points there."""

MANY_REGEXES = 16
"""Expressions in one place from which on they are tried together."""

REGEXES_TOGETHER = 256
"""Expressions of one automaton: RE2 bounds the memory of each."""

_Test = tuple[int, tuple[Condition, ...], CompiledRule]
"""Rank, what remains to be asked once the place is found, and the rule."""

_rank: Final = itemgetter(0)


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


def compile_paths(entries: Iterable[Entry]) -> Generator[None, None, Find]:
    """Return the look-up among one host's entries, made in steps between which requests can be served."""
    ordered = sorted(entries, key=lambda entry: entry.rank)
    if ordered and ordered[0].path is None and not ordered[0].conditions:
        always = ordered[0].rule
        return lambda head: always
    as_given, folded = _Collected(), _Collected()
    for entry in ordered:
        path = entry.path
        ignores_case = path is not None and path.ignore_case and path.kind != "regex"
        (folded if ignores_case else as_given).add(entry)
        yield
    index = yield from _Index.of(as_given)
    if not folded:
        return _find_in(index)
    return _find_in_both(index, (yield from _Index.of(folded)))


def _find_in(index: _Index) -> Find:
    # The whole of a look-up stands here, and not behind another call: every request pays for it.
    exact, edges, places = index.exact.get, index.edges, index.places

    def find(head: RequestHead) -> CompiledRule | None:
        path = head.path
        place = exact(path)
        if place is None:
            place = places[bisect_right(edges, path)]
        for _, conditions, rule in place.tests if place.complete else _all_tests(path, place):
            for holds in conditions:
                if not holds(head):
                    break
            else:
                return rule
        return None

    return find


def _find_in_both(as_given: _Index, folded: _Index) -> Find:
    def find(head: RequestHead) -> CompiledRule | None:
        path = head.path
        for _, conditions, rule in _all_tests(path, as_given.place(path), folded.place(path.lower())):
            for holds in conditions:
                if not holds(head):
                    break
            else:
                return rule
        return None

    return find


def _all_tests(path: bytes, *places: _Place) -> list[_Test]:
    """Return what is to be tried at places that do not hold all of it themselves, by rank."""
    found: list[_Test] = []
    for each in places:
        place: _Place | None = each
        while place is not None:
            found += place.tests
            for regexes in place.regexes:
                found += regexes.tests(path)
            place = place.around
    found.sort(key=_rank)
    return found


# Compiling


@fixed(eq=False)
class _Collected:
    """Entries by what their paths are or begin with, in the order of their ranks."""

    exact: dict[bytes, list[Entry]] = field(factory=dict)
    prefixes: dict[bytes, list[Entry]] = field(factory=dict)

    def add(self, entry: Entry) -> None:
        path = entry.path
        if path is None:
            self.prefixes.setdefault(b"", []).append(entry)
            return
        if path.kind == "regex":
            self.prefixes.setdefault(common_beginning(path.value), []).append(entry)
            return
        value = path.value.encode()
        if path.ignore_case:
            value = value.lower()
        if path.kind == "prefix":
            self.prefixes.setdefault(value, []).append(entry)
            return
        if path.kind == "segments":
            value = value.rstrip(b"/")
            self.prefixes.setdefault(value + b"/", []).append(entry)
        self.exact.setdefault(value, []).append(entry)

    def __bool__(self) -> bool:
        return bool(self.exact or self.prefixes)


@fixed(eq=False)
class _Index:
    """``places[n]`` is for the paths from ``edges[n - 1]`` on and before ``edges[n]``, but for those in ``exact``."""

    exact: Mapping[bytes, _Place]
    edges: Sequence[bytes]
    places: Sequence[_Place]

    @classmethod
    def of(cls, collected: _Collected) -> Generator[None, None, _Index]:
        edges: list[bytes] = []
        places = [_NOWHERE]
        enclosing: list[tuple[bytes | None, _Place]] = [(None, _NOWHERE)]

        def leave(beyond: bytes | None) -> None:
            """Put down the ends of the ranges that are over at this path; with None, of all."""
            while (end := enclosing[-1][0]) is not None and (beyond is None or end <= beyond):
                enclosing.pop()
                edges.append(end)
                places.append(enclosing[-1][1])

        for prefix in sorted(collected.prefixes):
            leave(prefix)
            place = yield from _Place.of(collected.prefixes[prefix], enclosing[-1][1])
            enclosing.append((_end(prefix), place))
            edges.append(prefix)
            places.append(place)
        leave(None)
        exact: dict[bytes, _Place] = {}
        for path, entries in collected.exact.items():
            exact[path] = yield from _Place.of(entries, places[bisect_right(edges, path)])
        return cls(exact, edges, places)

    def place(self, path: bytes) -> _Place:
        return self.exact.get(path) or self.places[bisect_right(self.edges, path)]


def _end(prefix: bytes) -> bytes | None:
    """Return the first path behind all that begin with ``prefix``; None where nothing is behind them."""
    head = prefix.rstrip(b"\xff")
    return head[:-1] + bytes((head[-1] + 1,)) if head else None


@fixed(eq=False)
class _Place:
    """What is tried for the paths of one place: ``tests`` by rank, and with them what ``regexes`` and ``around`` have.

    ``first`` is the lowest rank of all of it.
    """

    tests: Sequence[_Test] = ()
    regexes: Sequence[_Regexes] = ()
    around: _Place | None = None
    first: float = inf
    complete: bool = field(init=False)

    @complete.default
    def _is_complete(self) -> bool:
        return not self.regexes and self.around is None

    @classmethod
    def of(cls, entries: Sequence[Entry], around: _Place) -> Generator[None, None, _Place]:
        """Return the place of these entries, which come by rank, inside of another."""
        together = [entry for entry in entries if _is_regex(entry)]
        if len(together) < MANY_REGEXES:
            together = []
        alone = entries if not together else [entry for entry in entries if not _is_regex(entry)]
        regexes = []
        for at in range(0, len(together), REGEXES_TOGETHER):
            regexes.append(_Regexes.of(together[at : at + REGEXES_TOGETHER]))
            yield
        tests = _until_certain(map(_test, alone))
        rest: _Place | None = around
        if not around.regexes and len(around.tests) <= FEW:
            tests = _until_certain(sorted((*tests, *around.tests), key=_rank))
            rest = around.around
        if rest is not None and rest.first > _certain(tests):
            rest = None
        yield
        return cls(tests, regexes, rest, min(entries[0].rank, around.first))


@fixed(eq=False)
class _Regexes:
    """Expressions tried together: which of them match is one pass over the path.

    ``matched`` are the tests of those that do; ``unknown`` ask for the path as well.
    """

    which: Callable[[bytes], Sequence[int] | None]
    matched: Sequence[_Test]
    unknown: Sequence[_Test]

    @classmethod
    def of(cls, entries: Sequence[Entry]) -> _Regexes:
        which = which_match([entry.path.value for entry in entries if entry.path is not None])
        return cls(which, [(each.rank, each.conditions, each.rule) for each in entries], list(map(_test, entries)))

    def tests(self, path: bytes) -> Iterable[_Test]:
        found = self.which(path)
        return self.unknown if found is None else [self.matched[number] for number in found]


def _is_regex(entry: Entry) -> bool:
    return entry.path is not None and entry.path.kind == "regex"


def _test(entry: Entry) -> _Test:
    conditions = entry.conditions
    if entry.path is not None and entry.path.kind == "regex":
        fits = path_test(entry.path)
        conditions = (lambda head: fits(head.path), *conditions)
    return entry.rank, conditions, entry.rule


def _until_certain(tests: Iterable[_Test]) -> Sequence[_Test]:
    """Return the tests down to the first one without conditions, which always wins."""
    kept: list[_Test] = []
    for test in tests:
        kept.append(test)
        if not test[1]:
            break
    return kept


def _certain(tests: Sequence[_Test]) -> float:
    """Return the rank from which on nothing can win."""
    return tests[-1][0] if tests and not tests[-1][1] else inf


_NOWHERE: Final = _Place()
