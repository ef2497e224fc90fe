"""What a running gateway says over its admin API, asked for by commands: one reactor run for all their questions.

The token, where one is asked for, is in the file that the environment names: a command line can be read by others.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

import treq
from attrs import frozen
from treq.client import HTTPClient
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.endpoints import HostnameEndpoint, UNIXClientEndpoint
from twisted.internet.error import ConnectError
from twisted.internet.task import react
from twisted.python.failure import Failure
from twisted.web.client import URI, Agent
from twisted.web.iweb import IAgentEndpointFactory
from zope.interface import implementer

TIMEOUT: Final = 10.0
CHANGE_TIMEOUT: Final = 150.0
"""A change is answered when it is in service, in all workers where there are several."""
UNIX: Final = "unix:"
TOKEN_FILE: Final = "SHADOWGATE_ADMIN_TOKEN_FILE"
_ANSWERS: Final = frozenset({200, 400, 403, 404, 409, 413, 422, 429, 500, 503})
"""Statuses of an admin API that knows the question: then the answer is JSON."""
SCHEMES: Final = ("http://", UNIX)


class NotReached(Exception):
    """Nobody answers there, or somebody who is no gateway."""


@frozen
class Reply:
    """What the admin API said: ``value`` is its JSON."""

    status: int
    value: Any


def is_admin(text: str) -> bool:
    """Whether this names an admin API, ``http://host:port`` or ``unix:/path``, rather than a file."""
    return text.startswith(SCHEMES)


def ask(questions: Sequence[tuple[str, str]]) -> list[Reply]:
    """Return the answers to ``(admin, path and query)`` pairs; raise :class:`NotReached`."""
    return _replies([_Question(*each) for each in questions])


def tell(admin: str, path: str, text: str = "", kind: str = "application/yaml") -> Reply:
    """Ask for a change, ``text`` being what is sent; raise :class:`NotReached`."""
    (reply,) = _replies([_Question(admin, path, text.encode(), kind)])
    return reply


@frozen
class _Question:
    """What is asked of one admin API; what has a body asks for a change."""

    admin: str
    path: str
    body: bytes | None = None
    kind: str = ""


def _replies(questions: Sequence[_Question]) -> list[Reply]:
    answers: list[Any] = []

    def run(reactor: Any) -> Deferred[Any]:
        asked = gatherResults([Deferred.fromCoroutine(_send(reactor, each)) for each in questions], consumeErrors=True)
        return asked.addBoth(answers.append)

    with suppress(SystemExit):  # how react ends; the caller decides about the process
        react(run)
    (found,) = answers
    if isinstance(found, Failure):
        admin = ", ".join(dict.fromkeys(each.admin for each in questions))
        raise NotReached(f"no gateway answers at {admin}: {_reason(found)}")
    replies: list[Reply] = found
    return replies


async def _send(reactor: Any, question: _Question) -> Reply:
    admin = question.admin
    base = "http://gateway" if admin.startswith(UNIX) else admin.rstrip("/")
    client = HTTPClient(Agent.usingEndpointFactory(reactor, _Endpoints(reactor, admin)))
    headers = _credentials()
    if question.body is None:
        response = await client.get(base + question.path, headers=headers, timeout=TIMEOUT)
    else:
        headers["Content-Type"] = question.kind
        response = await client.post(base + question.path, data=question.body, headers=headers, timeout=CHANGE_TIMEOUT)
    text = await treq.content(response)
    if response.code == 401:
        raise PermissionError(f"it asks for its token; name the file in {TOKEN_FILE}")
    if response.code not in _ANSWERS:
        raise ValueError(response.code)
    return Reply(response.code, json.loads(text))


def _credentials() -> dict[bytes | str, bytes | str]:
    path = os.environ.get(TOKEN_FILE)
    if not path:
        return {}
    with open(path) as file:
        return {"Authorization": f"Bearer {file.read().strip()}"}


@implementer(IAgentEndpointFactory)
@frozen
class _Endpoints:
    """Leads every request of one admin API to its address or its socket."""

    reactor: Any
    admin: str

    def endpointForURI(self, uri: URI) -> Any:
        if self.admin.startswith(UNIX):
            return UNIXClientEndpoint(self.reactor, self.admin.removeprefix(UNIX), timeout=TIMEOUT)
        return HostnameEndpoint(self.reactor, uri.host, uri.port, timeout=TIMEOUT)


def _reason(failure: Failure) -> str:
    error = getattr(failure.value, "subFailure", failure).value
    if isinstance(error, ConnectError):
        return str(error).rstrip(".")
    if isinstance(error, OSError):
        return f"{error.strerror}: {error.filename}" if error.filename else str(error)
    if isinstance(error, ValueError):
        return "what answers there is no ShadowGate admin API"
    return f"{type(error).__name__}: {error}".rstrip(": ")
