"""The ``cors`` filter: which pages of other origins may read the answers (Fetch standard, CORS protocol)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from attrs import Attribute, field, frozen
from zope.interface import implementer

from shadowgate.bundled.fields import check_name
from shadowgate.bundled.matchers.text import TextOptions
from shadowgate.http.head import RequestHead, ResponseHead
from shadowgate.http.headers import Headers, Pair
from shadowgate.plugin.interfaces import IFilter
from shadowgate.plugin.schema import Duration, OneOrMany
from shadowgate.plugin.values import Environment, FilterHooks, Reply

Answer = Callable[[RequestHead], Reply]


def _names(_instance: Any, _attribute: Attribute[Any], value: tuple[str, ...]) -> None:
    for name in value:
        check_name(name)


def _methods(_instance: Any, _attribute: Attribute[Any], value: tuple[str, ...]) -> None:
    for name in value:
        try:
            check_name(name)  # RFC 9110 section 9.1: a token, as a field's name is
        except ValueError:
            raise ValueError(f'"{name}" is not a method') from None


def _whole_seconds(_instance: Any, _attribute: Attribute[Any], value: Duration | None) -> None:
    if value is not None and not float(value).is_integer():
        raise ValueError("maxAge is sent in whole seconds")


@frozen(kw_only=True)
class Origin(TextOptions):
    """A condition on an origin such as ``https://shop.example``; in short, the whole of it.  ``*`` is every origin."""

    @classmethod
    def from_scalar(cls, text: str) -> Origin:
        return cls(exact=text)

    def compile(self) -> Callable[[bytes], bool]:
        return (lambda origin: True) if self.exact == "*" else self.test()


@implementer(IFilter)
@frozen(kw_only=True)
class Cors:
    """Lets browsers read answers across origins (Istio ``corsPolicy``, Envoy's CORS filter).

    A preflight of an allowed origin is answered here with 200 and never forwarded; answers to an allowed origin name
    it in Access-Control-Allow-Origin.  Requests of other origins are forwarded all the same: it is the browser that
    refuses, and what the upstream says about them stands.  Every answer says ``Vary: Origin``.
    """

    allow_origins: OneOrMany[Origin] = field(
        default=(), metadata={"doc": "The origins that are allowed; one has to match. None: no origin is."}
    )
    allow_methods: OneOrMany[str] = field(
        default=(), validator=_methods, metadata={"doc": "Methods to allow; * is whichever is asked for."}
    )
    allow_headers: OneOrMany[str] = field(
        default=(), validator=_names, metadata={"doc": "Request headers to allow; * is whichever are asked for."}
    )
    expose_headers: OneOrMany[str] = field(
        default=(), validator=_names, metadata={"doc": "Response headers that a page may read."}
    )
    max_age: Duration | None = field(
        default=None,
        validator=_whole_seconds,
        metadata={"doc": "How long a browser may keep the answer to a preflight, in whole seconds."},
    )
    allow_credentials: bool | None = field(
        default=None, metadata={"doc": "Whether requests may come with cookies and other credentials."}
    )
    unmatched_preflights: Literal["forward", "ignore"] = field(
        default="forward",
        metadata={"doc": "Preflights of other origins: forward, or answer them here without allowing anything."},
    )

    def compile(self, env: Environment) -> FilterHooks:
        allowed = tuple(origin.compile() for origin in self.allow_origins)
        permit, extra = self._preflight(), self._extra()
        ignore = self.unmatched_preflights == "ignore"
        expose_all = self._exposes_all
        note = object()  # the origin is kept from the request to the answer: filters may change the field between

        def on_request(head: RequestHead) -> Reply | None:
            origin = head.headers.joined(b"origin")
            if not origin:
                return None
            matched = any(test(origin) for test in allowed)
            if matched:
                head.notes[note] = origin
            if head.method != b"OPTIONS" or not head.headers.get(b"access-control-request-method"):
                return None
            if matched:
                return permit(head)
            return Reply(200) if ignore else None

        def on_response(request: RequestHead, response: ResponseHead) -> None:
            headers = response.headers
            origin = request.notes.get(note)
            if origin is not None:
                headers.set(b"Access-Control-Allow-Origin", origin)
                for name, value in extra:
                    headers.set(name, value)
                if expose_all:
                    headers.set(b"Access-Control-Expose-Headers", _names_of(headers))
            # To requests without an origin as well: a cache would give their answers to those that have one.
            if not _varies(headers.get_all(b"vary")):
                headers.add(b"Vary", b"Origin")

        return FilterHooks(on_request=on_request, on_response=on_response, pure=True)

    @property
    def _exposes_all(self) -> bool:
        """Whether all headers are to be named: with credentials ``*`` would be a header of that name (Fetch)."""
        return bool(self.allow_credentials) and self.expose_headers == ("*",)

    def _extra(self) -> tuple[Pair, ...]:
        """Return what goes with the origin on every answer, preflights included."""
        pairs: list[Pair] = []
        if self.allow_credentials:
            pairs.append((b"Access-Control-Allow-Credentials", b"true"))
        if self.expose_headers and not self._exposes_all:
            pairs.append((b"Access-Control-Expose-Headers", _listed(self.expose_headers)))
        return tuple(pairs)

    def _preflight(self) -> Answer:
        """Return what answers an allowed preflight; the origin is added on the way out, as to any answer."""
        pairs: list[tuple[bytes, bytes, bytes]] = []
        for given, permission, question in (
            (self.allow_methods, b"Access-Control-Allow-Methods", b"access-control-request-method"),
            (self.allow_headers, b"Access-Control-Allow-Headers", b"access-control-request-headers"),
        ):
            if given:
                # Named rather than "*", which means nothing where credentials are allowed (Fetch, CORS protocol).
                pairs.append((permission, b"" if given == ("*",) else _listed(given), question))
        age = () if self.max_age is None else ((b"Access-Control-Max-Age", b"%d" % self.max_age),)

        def answer(head: RequestHead) -> Reply:
            asked = ((name, value or head.headers.joined(question)) for name, value, question in pairs)
            return Reply(200, b"", (*((name, value) for name, value in asked if value), *age))

        return answer


def _listed(names: tuple[str, ...]) -> bytes:
    return ",".join(names).encode("ascii")


def _names_of(headers: Headers) -> bytes:
    return b",".join(name for name in headers.index if not name.startswith(b"access-control-"))


def _varies(lines: list[bytes]) -> bool:
    """Tell whether Vary fields say so already (RFC 9110 section 12.5.5)."""
    return any(word.strip(b" \t").lower() in (b"origin", b"*") for line in lines for word in line.split(b","))
