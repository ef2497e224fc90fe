"""Which rule a request finds, and why no other: ``Snapshot.find`` gone through slowly, every step put down.

Reads the tables that the look-up was compiled from and asks the same conditions in the same order, so that it comes to
the same rule; nothing is counted, sent or changed.  What happens to the request then is ``explain``'s to say.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from attrs import frozen

from shadowgate.compiler.paths import path_test
from shadowgate.compiler.snapshot import Entry, ListenerTable, Snapshot
from shadowgate.compiler.table import host_key
from shadowgate.config.view import View
from shadowgate.http.head import RequestHead
from shadowgate.model import Match, PathMatch
from shadowgate.plugin import IMatcher

HostKind = Literal["exact", "wildcard", "any", "none"]
Result = Literal["won", "lost", "not tried", "failed"]


@frozen
class HostChoice:
    """The host pattern whose rules are looked through.

    ``pattern`` is empty where none covers the host; ``less_specific`` are those that would have held as well.
    """

    host: str
    pattern: str
    kind: HostKind
    less_specific: tuple[str, ...] = ()


@frozen
class Tried:
    """One match of one rule, as the request met it.

    ``reasons`` say why it lost.  ``failed`` is a condition that raised, which ends the look-up: the request is answered
    500.
    """

    rule: str
    position: str
    match: str
    result: Result
    reasons: tuple[str, ...] = ()


@frozen
class Search:
    """The whole look-up.  ``table`` is the listener whose own table was used, empty for the one of all the others."""

    listener: str
    table: str
    host: HostChoice
    tried: tuple[Tried, ...]
    winner: Entry | None

    @property
    def failed(self) -> bool:
        return any(each.result == "failed" for each in self.tried)


def search(snapshot: Snapshot, head: RequestHead, view: View) -> Search:
    """Return how ``snapshot.find(head)`` comes to its rule."""
    tables = {table.listener: table for table in snapshot.tables}
    table = tables.get(head.listener) or tables.get("") or ListenerTable("", ())
    choice, entries = _choose_host(table, head)
    tried: list[Tried] = []
    winner: Entry | None = None
    over = ""
    for entry in entries:
        seen = _try(entry, head, view) if not over else _tried(entry, view, "not tried", over)
        tried.append(seen)
        if seen.result == "won":
            winner, over = entry, "an earlier rule won"
        elif seen.result == "failed":
            over = "a condition of an earlier rule raised"
    return Search(head.listener, table.listener, choice, tuple(tried), winner)


def _choose_host(table: ListenerTable, head: RequestHead) -> tuple[HostChoice, Sequence[Entry]]:
    host = host_key(head.authority).decode("latin-1")
    covering = [(pattern, entries) for pattern, entries in table.hosts if _covers(pattern, host)]
    if not covering:
        return HostChoice(host, "", "none"), ()
    (pattern, entries), *others = covering
    kind: HostKind = "any" if pattern == "*" else "wildcard" if pattern.startswith("*") else "exact"
    return HostChoice(host, pattern, kind, tuple(other for other, _ in others)), entries


def _covers(pattern: str, host: str) -> bool:
    return pattern in ("*", host) or (pattern.startswith("*.") and host.endswith(pattern[1:]))


def _try(entry: Entry, head: RequestHead, view: View) -> Tried:
    if entry.path is not None and not path_test(entry.path)(head.path):
        return _tried(entry, view, "lost", _path_reason(entry.path, head.path.decode("latin-1")))
    reasons: list[str] = []
    for use, holds in zip(entry.match.conditions, entry.conditions, strict=True):
        try:
            held = holds(head)
        except Exception as wrong:
            if reasons:
                continue  # a request would not have come this far
            return _tried(entry, view, "failed", f"the condition {use.name} raised {type(wrong).__name__}: {wrong}")
        if not held:
            reasons.append(f"{view.words(use, IMatcher)} does not hold")
    return _tried(entry, view, "lost" if reasons else "won", *reasons)


def _tried(entry: Entry, view: View, result: Result, *reasons: str) -> Tried:
    position = entry.match.position if entry.model.matches else entry.model.position
    return Tried(rule_title(entry), str(position), match_in_words(entry.match, view), result, reasons)


def rule_title(entry: Entry) -> str:
    """Return how a rule is spoken of: ``VirtualService default/httpbin: rule[0].match[1]``, or by its name."""
    route, rule = entry.route, entry.model
    number = next((index for index, each in enumerate(route.rules) if each is rule), 0)
    title = f"{route.kind} {route.namespace}/{route.name}: " + (f"rule {rule.name}" if rule.name else f"rule[{number}]")
    if len(rule.matches) < 2:
        return title
    return f"{title}.match[{next(index for index, each in enumerate(rule.matches) if each is entry.match)}]"


def match_in_words(match: Match, view: View) -> str:
    """Return the conditions of a match, or that it has none."""
    parts = [view.words(use, IMatcher) for use in match.conditions]
    if match.path is not None:
        parts.insert(0, f"path {match.path.kind} {match.path.value}{_folded(match.path)}")
    return " and ".join(parts) or "everything"


def _path_reason(path: PathMatch, given: str) -> str:
    wrong = {
        "exact": "is not",
        "prefix": "does not begin with",
        "segments": "is not below",
        "regex": "does not match, as a whole, the regex",
    }[path.kind]
    return f"the path {given} {wrong} {path.value}{_folded(path)}"


def _folded(path: PathMatch) -> str:
    return " in any case" if path.ignore_case else ""
