"""Twisted's own reverse proxy, with Twisted's own access log: ``python stock_twisted.py PORT UPSTREAM_PORT LOG``."""

from __future__ import annotations

import sys

from twisted.internet import reactor
from twisted.web.proxy import ReverseProxyResource
from twisted.web.server import Site

if __name__ == "__main__":
    port, upstream, log = sys.argv[1:]
    site = Site(ReverseProxyResource("127.0.0.1", int(upstream), b""), logPath=log.encode())
    reactor.listenTCP(int(port), site, interface="127.0.0.1")  # type: ignore[attr-defined]
    reactor.run()  # type: ignore[attr-defined]
