"""What would become of a request, as it is asked for and answered: by ``GET /explain`` and by the command.

The request is made ready as a received one would be, so that conditions see what they would see; nothing is sent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from attrs import frozen

from shadowgate.compiler.explain import explain
from shadowgate.compiler.snapshot import Snapshot
from shadowgate.config.catalog import Catalog
from shadowgate.http.from_url import port_of, request_from_url
from shadowgate.model import Configuration
from shadowgate.plugin.spelling import did_you_mean

GATEWAYS_OWN: Final = "default"
"""What the gateway calls the first listener of its own command line."""

_OF_COMMAND_LINE: Final = re.compile(rf"{GATEWAYS_OWN}(-[0-9]+)?").fullmatch
"""How the listeners of a command line are called, which only a gateway that runs has."""

_TCP_PORT: Final = re.compile(r"tcp6?:(?:port=)?([0-9]+)").match


@frozen
class Question:
    """One request.  Without ``listener`` it is the one that the URL's port leads to."""

    url: str
    method: str = "GET"
    headers: tuple[str, ...] = ()
    data: str | None = None
    peer: str = "127.0.0.1"
    listener: str = ""

    @classmethod
    def from_query(cls, arguments: Mapping[bytes, Sequence[bytes]]) -> Question:
        """Read the arguments of a URL's query; raise ``ValueError`` for one that is not known here."""
        given = {
            key.decode("utf-8", "replace"): [each.decode("utf-8", "replace") for each in values]
            for key, values in arguments.items()
        }
        headers = tuple(given.pop("header", ()))
        unknown = given.keys() - {"url", "method", "data", "peer", "listener"}
        if unknown:
            raise ValueError(
                f"there is no parameter {min(unknown)}; there are url, method, header, data, peer, listener"
            )
        if "url" not in given:
            raise ValueError("the parameter url is missing")
        return cls(headers=headers, **{key: values[-1] for key, values in given.items()})

    def to_query(self) -> str:
        """Return what :meth:`from_query` reads."""
        pairs = [("method", self.method), ("url", self.url), *(("header", each) for each in self.headers)]
        pairs += [("peer", self.peer), ("listener", self.listener)]
        if self.data is not None:
            pairs.append(("data", self.data))
        return urlencode(pairs)


def answer(question: Question, snapshot: Snapshot, catalog: Catalog, prepare: Callable[..., object]) -> dict[str, Any]:
    """Return the explanation as JSON has it.

    Raises ``ValueError`` for a question that makes no sense, :class:`~shadowgate.errors.BadRequest` for a request that
    a gateway refuses before it looks for a rule.
    """
    port = port_of(question.url)
    listener = _known(question.listener, snapshot.configuration) or _listener_for(port, snapshot.configuration)
    head = request_from_url(
        question.method,
        question.url,
        question.headers,
        body=None if question.data is None else question.data.encode(),
        peer=question.peer,
        listener=listener,
        local_port=_ports(snapshot.configuration).get(listener, port),
    )
    prepare(head)
    return explain(snapshot, head, catalog).plain()


def _known(listener: str, configuration: Configuration) -> str:
    """Return the listener that was asked for; raise ``ValueError`` where there is none of that name."""
    names = [each.name for each in configuration.listeners]
    if listener and listener not in names and not _OF_COMMAND_LINE(listener):
        others = f"; there are {', '.join(names)}" if names else ""
        raise ValueError(f'there is no listener "{listener}"{did_you_mean(listener, names)}{others}')
    return listener


def _listener_for(port: int, configuration: Configuration) -> str:
    """Return the listener of a port; without one, that of the gateway's own routes, or else the first."""
    listeners = configuration.listeners
    ports = _ports(configuration)
    by_port = [each.name for each in listeners if ports.get(each.name) == port]
    own = [each.name for each in listeners if not each.gateway]
    unbound = any(not route.listeners and route.kind != "Service" for route in configuration.routes)
    if not own and (unbound or not listeners):
        own = [GATEWAYS_OWN]
    return [*by_port, *own, *(each.name for each in listeners)][0]


def _ports(configuration: Configuration) -> dict[str, int]:
    ports = {}
    for listener in configuration.listeners:
        found = _TCP_PORT(listener.endpoint)
        if listener.port is not None:
            ports[listener.name] = listener.port
        elif found is not None:
            ports[listener.name] = int(found[1])
    return ports
