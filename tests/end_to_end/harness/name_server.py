"""The name server that ``harness.names`` starts: run with the path of its zone, which it reads for each question.

A zone is JSON: ``"NAME KIND"`` to records, each a list of its fields with its lifetime at the end.  A name that does
not stand there does not exist; null is a failure of the server.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred, fail, succeed
from twisted.names import dns
from twisted.names.common import ResolverBase
from twisted.names.error import DNSNameError, DNSServerError
from twisted.names.server import DNSServerFactory

RECORDS = {"A": dns.Record_A, "AAAA": dns.Record_AAAA, "SRV": dns.Record_SRV}


class Zone(ResolverBase):
    """Answers from the file, and says each question."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def _lookup(self, name: bytes, cls: int, type: int, timeout: Any) -> Deferred[Any]:
        kind = dns.QUERY_TYPES[type]
        question = f"{name.decode()} {kind}"
        print("asked:", question, flush=True)
        records = json.loads(self._path.read_text()).get(question, ())
        if not records:
            return fail(DNSServerError() if records is None else DNSNameError())
        make = RECORDS[kind]
        return succeed(
            ([dns.RRHeader(name, type, ttl=ttl, payload=make(*given, ttl=ttl)) for *given, ttl in records], [], [])
        )


if __name__ == "__main__":
    protocol = dns.DNSDatagramProtocol(DNSServerFactory(clients=[Zone(Path(sys.argv[1]))]))
    port = reactor.listenUDP(0, protocol, interface="127.0.0.1")  # type: ignore[attr-defined]
    print("port:", port.getHost().port, flush=True)
    reactor.run()  # type: ignore[attr-defined]
