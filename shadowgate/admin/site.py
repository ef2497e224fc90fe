"""The admin API's resources, on twisted.web: see :data:`INDEX`."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST
from twisted.internet.defer import Deferred, execute
from twisted.python.failure import Failure
from twisted.web.pages import errorPage, notFound
from twisted.web.resource import IResource, Resource
from twisted.web.server import NOT_DONE_YET, Request, Site

from shadowgate.admin.objects import BoundedRequest, ObjectPages
from shadowgate.admin.pages import PLAIN, Answer, GatewayPages, Pages, json_answer
from shadowgate.admin.view import configuration_view
from shadowgate.gateway import Gateway
from shadowgate.objects.desk import Desk

INDEX = """ShadowGate admin API

/live     the process runs
/ready    200 while a configuration is in service and new clients are welcome, else 503
/metrics  Prometheus metrics
/config   what is in service, its generation, and the problems of the last configuration, as JSON
/config/dump   the configuration alone, with the place of each part
/explain?method=GET&url=http://httpbin:8000/&header=k:v   what would become of a request
/objects   the objects in service, as JSON; some of them with ?kind=svc&name=httpbin&namespace=default
/objects/apply   POST YAML: objects are created, or changed to what it says; also /objects/create
/objects/diff    POST YAML: what applying it would change
/objects/delete  POST YAML, or ?kind=svc&name=httpbin: objects are deleted
"""


LOOK = (b"GET", b"HEAD")
CHANGE = (b"POST",)
"""RFC 9110 section 9.2.1: what changes something is not asked for by a method that anybody may follow."""


class Page(Resource):
    """One page, made anew for each request by ``make``; one that changes something takes ``CHANGE`` alone."""

    isLeaf = True

    def __init__(self, make: Callable[[Request], Deferred[Answer]], methods: tuple[bytes, ...] = LOOK) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._make = make
        self._methods = methods

    def getChild(self, path: bytes, request: Request) -> IResource:
        return notFound()

    def render(self, request: Request) -> Any:
        if request.method not in self._methods:
            allowed = b", ".join(self._methods)
            request.setHeader(b"Allow", allowed)  # RFC 9110 section 15.5.6
            return errorPage(405, "Method Not Allowed", f"This takes {allowed.decode()}.").render(request)
        left: list[Any] = []
        request.notifyFinish().addErrback(left.append)

        def give(answer: Answer) -> None:
            if left:
                return
            status, kind, text = answer
            request.setResponseCode(status, HTTPStatus(status).phrase.encode())  # twisted.web has no words for 422
            request.setHeader(b"Content-Type", kind.encode())
            request.setHeader(b"Cache-Control", b"no-store")
            request.setHeader(b"Content-Length", b"%d" % len(text))
            request.write(text)
            request.finish()

        def fail(failure: Failure) -> None:
            if not left:
                request.processingFailed(failure)

        self._make(request).addCallbacks(give, fail)
        return NOT_DONE_YET


def admin_factory(gateway: Gateway, desk: Desk | None = None) -> Site:
    """Return the admin API of a gateway as a Twisted factory; ``desk`` takes changes of objects."""
    return admin_site(GatewayPages(gateway, desk))


def admin_site(pages: Pages) -> Site:
    """Return the admin API of whatever has these pages."""
    later = pages.env.background  # a large configuration takes longer to show than any request should wait

    def ready(request: Request) -> Answer:
        why_not = pages.unready()
        return (503, PLAIN, f"{why_not}\n".encode()) if why_not else (200, PLAIN, b"ready\n")

    def metrics(request: Request) -> Deferred[Answer]:
        return pages.metrics().addCallback(lambda text: (200, CONTENT_TYPE_LATEST, text))

    def config(request: Request) -> Deferred[Answer]:
        return pages.state().addCallback(lambda state: later(lambda: json_answer(state.show())))

    def dump(request: Request) -> Deferred[Answer]:
        return pages.state().addCallback(
            lambda state: later(lambda: json_answer(configuration_view(state.catalog, state.configuration)))
        )

    root = _folder(_at_once(lambda request: (200, PLAIN, INDEX.encode())))
    root.putChild(b"", root)
    root.putChild(b"live", _at_once(lambda request: (200, PLAIN, b"live\n")))
    root.putChild(b"ready", _at_once(ready))
    root.putChild(b"metrics", Page(metrics))
    page = _folder(Page(config))
    page.putChild(b"dump", Page(dump))
    root.putChild(b"config", page)
    root.putChild(b"explain", Page(lambda request: pages.explain(request.args or {})))
    if pages.desk is not None:
        root.putChild(b"objects", _objects(ObjectPages(pages.desk)))
    # What a body says is not what the URL says: objects may have anything in them that a form's field could look like.
    site = Site(root, requestFactory=BoundedRequest, parsePOSTFormSubmission=False)
    site.noisy = False
    # The admin API's own requests do not belong into the gateway's log.
    site.log = lambda request: None  # type: ignore[method-assign]
    return site


def _objects(pages: ObjectPages) -> Page:
    root = _folder(Page(pages.get))
    root.putChild(b"apply", Page(pages.apply, CHANGE))
    root.putChild(b"create", Page(pages.create, CHANGE))
    root.putChild(b"diff", Page(pages.compare, CHANGE))
    root.putChild(b"delete", Page(pages.delete, CHANGE))
    return root


def _folder(page: Page) -> Page:
    """Return a page below which there are others."""
    page.isLeaf = False
    return page


def _at_once(make: Callable[[Request], Answer]) -> Page:
    return Page(lambda request: execute(make, request))
