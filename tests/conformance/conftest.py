"""A gateway in memory that serves what a case of the conformance suite is about, and backends that tell what came.

Requests and answers are one line each, so that a case is a table:

    [METHOD] [host]/target [Name=value ...] [@port] [<Name=value ...] -> status or backend [what it got ...]

Before the arrow, ``@8080`` is the port that the client comes in by (80), ``<Name=value`` a field that the backend
answers with.  Behind it stands the backend that answers with 200, or a status, with its location if it redirects, and
then what is asked of the request that the backend got: ``/target``, ``host=name``, ``Name=value`` or ``-Name`` for a
field that must not be there; ``<Name=value`` and ``<-Name`` say the same of the answer, and ``+backend`` is a mirror
that got the same request.
"""

import re
import shlex
from pathlib import Path

import pytest
from attrs import define, field, frozen

from shadowgate.config.statuses import status_lines, status_of
from shadowgate.model import Settings

HERE = Path(__file__).parent
BASE = (HERE / "base.yaml").read_text()
BACKENDS = {
    "10.0.0.1:3000": "v1",
    "10.0.0.2:3000": "v2",
    "10.0.0.3:3000": "v3",
    "10.0.1.1:3000": "app-v1",
    "10.0.1.2:3000": "app-v2",
    "10.0.2.1:3000": "web",
}
GATEWAY = """
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: same-namespace, namespace: infra, generation: 1}
spec: {gatewayClassName: ours, listeners: [{name: http, port: 80, protocol: HTTP}]}
---
"""


@frozen
class Message:
    """A request that a backend got, or an answer that a client got; names of fields are in lower case."""

    start: str
    fields: dict[str, str]

    @classmethod
    def of(cls, data):
        start, *lines = data.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
        fields: dict[str, str] = {}
        for line in lines:
            name, _, value = line.partition(":")
            name = name.lower()
            # Several lines of one name are one list (RFC 9110 section 5.3).
            fields[name] = f"{fields[name]},{value.strip()}" if name in fields else value.strip()
        return cls(start, fields)


@frozen
class Exchange:
    """What one request came to: ``seen`` are the backends that got one, the primary first."""

    answer: Message
    seen: tuple[tuple[str, Message], ...]

    @property
    def status(self):
        return int(self.answer.start.split()[1])

    @property
    def backend(self):
        return self.seen[0][0] if self.seen else ""


@define(eq=False, slots=False)
class Conformance:
    """One configuration in service."""

    it: object
    answers: list = field(factory=list)
    """Statuses that the backends answer with before they answer 200; None closes the connection instead."""

    def reload(self, documents):
        """Serve other documents from now on."""
        self.it.apply(with_base(documents))

    def ask(self, method, target, host="", fields=(), port=80, answered=()):
        client = self.it.client(port)
        lines = [f"{method} {target} HTTP/1.1", f"Host: {host or 'gateway'}", *(f"{n}: {v}" for n, v in fields)]
        client.send("\r\n".join([*lines, "", ""]).encode())
        seen = self.serve(answered)
        return Exchange(Message.of(client.take()), tuple(seen))

    def serve(self, answered=()):
        """Be the backends that are dialled now, and those that are dialled because of what they say."""
        seen = []
        clients = self.it.reactor.tcpClients
        while clients:
            host, port, factory, *_ = clients.pop(0)
            backend = self.it.connect(factory)
            seen.append((BACKENDS[f"{host}:{port}"], Message.of(backend.take())))
            status = self.answers.pop(0) if self.answers else 200
            if status is None:
                backend.leave()
            else:
                fields = "".join(f"{name}: {value}\r\n" for name, value in answered)
                backend.send(f"HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: 0\r\n{fields}\r\n".encode())
            self.it.reactor.advance(0)
        return seen

    def check(self, line):
        """Make the request of a line of a table, and assert what the line says of it."""
        asked, expected = (shlex.split(part) for part in line.split(" -> "))
        method = asked.pop(0) if asked[0].isupper() else "GET"
        host, slash, target = asked.pop(0).partition("/")
        fields, answered, port = [], [], 80
        for token in asked:
            if token.startswith("@"):
                port = int(token[1:])
            else:
                name, _, value = token.lstrip("<").partition("=")
                (answered if token.startswith("<") else fields).append((name, value))
        done = self.ask(method, slash + target, host, fields, port, answered)
        first, *rest = expected
        if first.isdecimal():
            assert (done.status, done.backend) == (int(first), ""), done
            if rest and "://" in rest[0]:
                assert done.answer.fields["location"] == rest.pop(0)
        else:
            assert (done.status, done.backend) == (200, first), done
        mirrors = [token[1:] for token in rest if token.startswith("+")]
        assert sorted(name for name, _ in done.seen[1:]) == sorted(mirrors)
        for token in rest:
            if token.startswith("<"):
                holds(token[1:], done.answer)
            elif not token.startswith("+"):
                for _, request in done.seen:
                    holds(token, request)

    def status(self, kind, name):
        """Return the status of an object, as the API has it."""
        found = [
            each
            for each in self.it.gateway.snapshot.configuration.statuses
            if (each.key.kind, each.key.name) == (kind, name)
        ]
        assert len(found) == 1, (kind, name)
        return status_of(found[0])

    @property
    def summary(self):
        """The statuses of all objects but those that every case has."""
        lines = status_lines(self.it.gateway.snapshot.configuration.statuses)
        return [line for line in lines if line != "GatewayClass ours: Accepted"]


def holds(token, message):
    """Assert what a token says of a message."""
    if token.startswith("/"):
        assert message.start.split()[1] == token
    elif token.startswith("-"):
        assert token[1:].lower() not in message.fields
    else:
        name, _, value = token.partition("=")
        given = message.fields.get(name.lower(), "")
        # Values of a list may have a space between them or none.
        assert re.sub(r",\s+", ",", given) == value, (token, message)


def with_base(documents):
    return BASE + ("\n---\n" if "kind: Gateway\n" in documents else GATEWAY) + documents


@pytest.fixture
def serve(in_memory):
    """Serve documents beside the base, with the suite's usual Gateway unless they bring Gateways of their own.

    ``mesh`` serves at a listener of the gateway's own instead, at port 80.
    """

    def serving(text, mesh=False):
        it = in_memory(listen=["tcp:80" if mesh else "tcp:8000"], settings=Settings())
        it.apply(f"{BASE}\n---\n{text}" if mesh else with_base(text))
        it.gateway.listen()
        return Conformance(it)

    return serving
