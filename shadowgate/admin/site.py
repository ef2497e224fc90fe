"""The admin API's resources, on twisted.web: ``/live``, ``/ready``, ``/metrics`` and ``/config``, all read-only."""

from __future__ import annotations

import json
from collections.abc import Callable

from prometheus_client import CONTENT_TYPE_LATEST
from twisted.web.http import Request
from twisted.web.resource import Resource
from twisted.web.server import Site

from shadowgate.admin.metrics import render_metrics
from shadowgate.admin.view import configuration_view
from shadowgate.gateway import Gateway

INDEX = """ShadowGate admin API

/live     the process runs
/ready    200 while a configuration is in service and new clients are welcome, else 503
/metrics  Prometheus metrics
/config   what is in service, its generation, and the problems of the last configuration, as JSON
"""


class _Page(Resource):
    """One page, made anew for each request: ``render`` returns status, content type and text."""

    isLeaf = True

    def __init__(self, make: Callable[[], tuple[int, str, bytes]]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._make = make

    def render_GET(self, request: Request) -> bytes:
        status, kind, text = self._make()
        request.setResponseCode(status)
        request.setHeader(b"Content-Type", kind.encode())
        request.setHeader(b"Cache-Control", b"no-store")
        return text


PLAIN = "text/plain; charset=utf-8"


def admin_factory(gateway: Gateway) -> Site:
    """Return the admin API of a gateway as a Twisted factory."""

    def ready() -> tuple[int, str, bytes]:
        if gateway.ready:
            return 200, PLAIN, b"ready\n"
        return 503, PLAIN, b"draining\n" if gateway.core.draining else b"no configuration in service\n"

    def config() -> tuple[int, str, bytes]:
        return 200, "application/json", json.dumps(configuration_view(gateway), indent=2).encode() + b"\n"

    root = Resource()
    root.putChild(b"", _Page(lambda: (200, PLAIN, INDEX.encode())))
    root.putChild(b"live", _Page(lambda: (200, PLAIN, b"live\n")))
    root.putChild(b"ready", _Page(ready))
    root.putChild(b"metrics", _Page(lambda: (200, CONTENT_TYPE_LATEST, render_metrics(gateway))))
    root.putChild(b"config", _Page(config))
    site = Site(root)
    site.noisy = False
    # The admin API's own requests do not belong into the gateway's log.
    site.log = lambda request: None  # type: ignore[method-assign]
    return site
