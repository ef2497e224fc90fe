"""Matches that no request can reach, because those before them take everything that they would match.

The first match that holds decides, so one that is no wider than an earlier one is there in vain.  Only what can be
proved is told: a wider path, and conditions that are among those of the later match word for word.  What two different
conditions have in common is nobody's to say but the plugins'.

Whatever the dialect: this reads the routes as the compiler does, host by host.  It costs a few look-ups for each match
and not a comparison with every one before it.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, combinations
from typing import Any, Final

from attrs import define, field, frozen

from shadowgate.config.ranking import rank_matches
from shadowgate.errors import NOWHERE, Position
from shadowgate.model import Configuration, Match, PathMatch, Route, Rule
from shadowgate.plugin import Mapping as MappingNode
from shadowgate.plugin import Report, Scalar
from shadowgate.plugin import Sequence as SequenceNode
from shadowgate.plugin.checks import references

_PathKey = tuple[str, str, bool]
_Conditions = frozenset[Hashable]

_ANY: Final[_PathKey] = ("any", "", False)
_EVERYTHING: Final = (".*", "/.*")
"""Regular expressions that every path matches."""


@frozen
class _Line:
    """One match of one rule, known by where it was written: after merging, a rule may stand in several routes."""

    route: Route = field(eq=False)
    rule: Rule = field(eq=False)
    match: Match = field(eq=False)
    rank: int = field(eq=False)
    rule_key: Hashable
    place: Hashable
    path: _PathKey = field(eq=False)
    conditions: _Conditions = field(eq=False)

    @property
    def everything(self) -> bool:
        return self.path == _ANY and not self.conditions

    @property
    def position(self) -> Position:
        return self.rule.position if self.match.position == NOWHERE else self.match.position

    def same_as(self, other: _Line) -> bool:
        return (self.path, self.conditions) == (other.path, other.conditions)


def check_reach(configuration: Configuration, report: Report) -> None:
    """Warn of rules that never get a request, and of matches that never hold in rules that do."""
    ranks = rank_matches(configuration.routes)
    lines = [tuple(_lines(route, ranks)) for route in configuration.routes]
    reached: set[_Line] = set()
    covered: dict[_Line, _Line] = {}
    for table in _tables(configuration.routes):
        earlier = _Earlier()
        for line in _in_order(configuration.routes, lines, table):
            cover = earlier.cover(line)
            if cover is None:
                reached.add(line)
                earlier.add(line)
            else:
                covered.setdefault(line, cover)
    rules: dict[Hashable, dict[_Line, None]] = {}
    for line in chain.from_iterable(lines):
        rules.setdefault(line.rule_key, {})[line] = None
    told: set[tuple[Hashable, _Line]] = set()
    for matches in rules.values():
        vain = {line: covered[line] for line in matches if line not in reached and line in covered}
        if len(vain) < len(matches):
            for line, cover in vain.items():
                _report_match(line, cover, report)
        elif vain:
            _report_rule(vain, told, report)


def _tables(routes: Iterable[Route]) -> Iterable[tuple[int, ...]]:
    """Return, for each host of each listener, which routes are looked through; hosts with the same ones count once."""
    tables: dict[tuple[str, str], list[int]] = {}
    for at, route in enumerate(routes):
        for listener in route.listeners or ("",):
            for host in dict.fromkeys(host.lower() for host in route.hosts):
                tables.setdefault((listener, host), []).append(at)
    return dict.fromkeys(map(tuple, tables.values()))


def _in_order(routes: Sequence[Route], lines: Sequence[Sequence[_Line]], table: Iterable[int]) -> Iterable[_Line]:
    """Return the matches of a table by rank; without routes of the Gateway API they stand by rank already."""
    table = tuple(table)
    found = chain.from_iterable(lines[at] for at in table)
    return sorted(found, key=lambda line: line.rank) if any(routes[at].parents for at in table) else found


def _lines(route: Route, ranks: Iterator[int]) -> Iterator[_Line]:
    for at, rule in enumerate(route.rules):
        place = at if rule.position == NOWHERE else rule.position
        key = (route.kind, route.namespace, route.name, place)
        for index, match in enumerate(rule.matches or (Match(),)):
            where = index if match.position == NOWHERE else match.position
            rank = next(ranks)
            if rule.delegate is None:
                yield _Line(route, rule, match, rank, key, where, _path_key(match.path), _conditions(match))


# What covers what


@define
class _Earlier:
    """The matches so far: by path, then by conditions; and how long the prefixes among them are."""

    by_path: dict[_PathKey, dict[_Conditions, _Line]] = field(factory=dict)
    lengths: dict[bool, set[int]] = field(factory=lambda: {False: set(), True: set()})

    def add(self, line: _Line) -> None:
        self.by_path.setdefault(line.path, {}).setdefault(line.conditions, line)
        kind, value, folded = line.path
        if kind == "prefix":
            self.lengths[folded].add(len(value))

    def cover(self, line: _Line) -> _Line | None:
        """Return an earlier match that holds whenever this one does; the same one, where there is one."""
        same = self.by_path.get(line.path, {}).get(line.conditions)
        if same is not None:
            return same
        for path in self._wider(line.match.path):
            found = self.by_path.get(path)
            if found is not None:
                cover = _with_no_more(line.conditions, found)
                if cover is not None:
                    return cover
        return None

    def _wider(self, path: PathMatch | None) -> Iterator[_PathKey]:
        """Yield the keys of all paths that hold wherever this one does."""
        yield _ANY
        key = _path_key(path)
        if path is None or key == _ANY:
            return
        yield key
        if path.kind == "regex":
            return
        for folded in (True,) if path.ignore_case else (False, True):
            value = _lower(path.value) if folded else path.value
            if path.kind == "segments":
                value = value.rstrip("/")
            if path.kind == "exact":
                yield "exact", value, folded
            for length in self.lengths[folded]:
                if length <= len(value):
                    yield "prefix", value[:length], folded
            # A prefix of letters goes beyond the element that it ends in: /api also means /apis.
            if path.kind != "prefix":
                yield "segments", value, folded
            for end, letter in enumerate(value):
                if letter == "/":
                    yield "segments", value[:end], folded


def _with_no_more(conditions: _Conditions, found: Mapping[_Conditions, _Line]) -> _Line | None:
    """Return a match that asks for no condition beyond these, by whichever way is the shorter."""
    if len(found) <= 1 << len(conditions):
        return next((line for asked, line in found.items() if asked <= conditions), None)
    subsets = chain.from_iterable(combinations(conditions, size) for size in range(len(conditions) + 1))
    return next((found[subset] for subset in map(frozenset, subsets) if subset in found), None)


def _path_key(path: PathMatch | None) -> _PathKey:
    if path is None:
        return _ANY
    value = _lower(path.value) if path.ignore_case else path.value
    if path.kind == "regex":
        return _ANY if value in _EVERYTHING else ("regex", path.value, path.ignore_case)
    if path.kind == "segments":
        value = value.rstrip("/")
    # Every path begins with a slash (RFC 9112 section 3.2.1).
    if path.kind != "exact" and value in ("", "/"):
        return _ANY
    return path.kind, value, path.ignore_case


def _lower(text: str) -> str:
    """Return the text as the compiler folds it: only ASCII letters change."""
    return text.encode().lower().decode()


def _conditions(match: Match) -> _Conditions:
    conditions: set[Hashable] = {(use.name, _constant(use.options)) for use in match.conditions}
    if match.listeners:
        conditions.add(("listeners", match.listeners))
    if match.port is not None:
        conditions.add(("port", match.port))
    return frozenset(conditions)


def _constant(options: Any) -> Hashable:
    """Return options in a form that can be compared, whether a dialect made them or handed on what was written."""
    if isinstance(options, Scalar):
        return options.text
    if isinstance(options, MappingNode):
        return frozenset((key.text, _constant(value)) for key, value in options.entries)
    if isinstance(options, Mapping):
        return frozenset((key, _constant(value)) for key, value in options.items())
    if isinstance(options, SequenceNode | list | tuple):
        return tuple(map(_constant, options))
    return options if isinstance(options, Hashable) else repr(options)


# Sentences


def _report_rule(vain: Mapping[_Line, _Line], told: set[tuple[Hashable, _Line]], report: Report) -> None:
    line, cover = next(iter(vain.items()))
    route, rule = line.route, line.rule
    path = _title(route, rule)
    if cover.everything and not route.parents:
        # Whatever else stands below it is as much in vain, and told by the one sentence.
        group = ((route.kind, route.namespace, route.name), cover)
        if group not in told:
            told.add(group)
            message = f"no request gets here or further down: the rule at {cover.position} matches everything"
            report.warning(message, rule.position, path=path, check=references.UNREACHABLE)
    elif all(each.same_as(other) for each, other in vain.items()):
        message = f"no request gets here: the rule at {cover.position} matches the same"
        report.warning(message, rule.position, path=path, check=references.DUPLICATE)
    else:
        message = f"no request gets here: the rule at {cover.position} takes all that this one matches"
        report.warning(message, rule.position, path=path, check=references.UNREACHABLE)


def _report_match(line: _Line, cover: _Line, report: Report) -> None:
    path = _title(line.route, line.rule)
    if line.same_as(cover):
        message = f"this match never decides: the one at {cover.position} is the same"
        report.warning(message, line.position, path=path, check=references.DUPLICATE)
    else:
        message = f"this match never decides: the one at {cover.position} takes all that it matches"
        report.warning(message, line.position, path=path, check=references.UNREACHABLE)


def _title(route: Route, rule: Rule) -> str:
    title = f"{route.kind} {route.name}".strip()
    return f"{title}: rule {rule.name}" if rule.name else title
