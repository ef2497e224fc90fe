"""The route table: the listener's hosts, then one host's paths; there, ``paths`` finds the rule.

A host costs a look-up or two, however many there are: exact names stand in one mapping, wildcards in another under
what follows their asterisk.
"""

from __future__ import annotations

from collections.abc import Sequence

from shadowgate.compiler.paths import Find
from shadowgate.compiler.snapshot import CompiledRule, Entry, ListenerTable
from shadowgate.http.head import RequestHead


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
    suffixes = {name[2:].encode(): table for name, table in tables.items() if name.startswith("*.")}
    rest = tables.get("*", _nothing)
    if not exact and not suffixes:
        return rest
    # Labels of the longest wildcard: a host of a thousand labels must not be looked up a thousand times.
    most = max((suffix.count(b".") + 1 for suffix in suffixes), default=0)

    def by_suffix(host: bytes) -> Find:
        labels = host.rsplit(b".", most)
        for at in range(1, len(labels)):
            table = suffixes.get(b".".join(labels[at:]))
            if table is not None:
                return table
        return rest

    def find(head: RequestHead) -> CompiledRule | None:
        authority = head.authority
        table = exact.get(authority)
        if table is None:
            host = host_key(authority)
            table = exact.get(host) or by_suffix(host)
        return table(head)

    return find


def readable_table(listener: str, tables: dict[str, list[Entry]]) -> ListenerTable:
    """Return one listener's hosts in the order in which :func:`compile_hosts` prefers them, for explanations."""

    def preference(host: str) -> tuple[int, int, str]:
        return (2 if host == "*" else 1 if host.startswith("*") else 0, -len(host), host)

    hosts: Sequence[tuple[str, tuple[Entry, ...]]] = [
        (host, tuple(sorted(tables[host], key=lambda entry: entry.rank))) for host in sorted(tables, key=preference)
    ]
    return ListenerTable(listener, tuple(hosts))


def compile_listeners(tables: dict[str, Find], everywhere: Find) -> Find:
    """Return the look-up by listener; ``everywhere`` serves listeners that have no table of their own."""
    if not tables:
        return everywhere
    return lambda head: tables.get(head.listener, everywhere)(head)


def _nothing(head: RequestHead) -> None:
    return None
