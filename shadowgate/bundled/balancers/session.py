"""The ``session`` balancer: who has been somewhere comes there again, for as long as the place exists.

Unlike balancers that lay keys out over endpoints, it keeps a client where it is whatever comes or goes beside it
(strong persistence, GEP-1619).  Where that is stands in what the client is given to bring along, as keyed hashes of
names: nothing is kept here, every process reads what any other has given, and no address can be read from it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from hashlib import blake2b
from typing import Any, Final, Literal

from attrs import Attribute, field, frozen
from zope.interface import implementer

from shadowgate.bundled.balancers.affinity import SessionCookie
from shadowgate.bundled.balancers.weight import pick_by_weight
from shadowgate.bundled.fields import check_changeable
from shadowgate.bundled.keys import ReadKey, cookie_reader
from shadowgate.http.head import RequestHead, ResponseHead
from shadowgate.plugin.interfaces import IBalancer, IBalancerHooks
from shadowgate.plugin.schema import Duration
from shadowgate.plugin.values import Candidate, Environment, FilterHooks

_SIZE: Final = 16
"""Characters of one token, which are half as many bytes."""
_NONE: Final = b"0" * _SIZE
_VALUE: Final = re.compile(rb"[0-9a-f]{%d}(?:[0-9a-f]{1,16})?(?:-[0-9a-f]{1,16})?" % (2 * _SIZE)).fullmatch
"""Two tokens, when the session began where its length is bounded, when it was last used where idleness is."""


def _header(_instance: Any, _attribute: Attribute[Any], value: str | None) -> None:
    if value is not None:
        check_changeable(value)


def _some_time(_instance: Any, _attribute: Attribute[Any], value: Duration | None) -> None:
    if value is not None and value < 1:
        raise ValueError("a session lasts 1s or longer")


@implementer(IBalancer, IBalancerHooks)
@frozen(kw_only=True)
class Session:
    """Keeps a client at the endpoint, and at the destination of a rule, that its first request went to.

    A client without a session, and one whose place is gone, goes by weight and chance, and is given a session with the
    answer, unless that is an error (5xx).  A place that has lost its weight keeps its sessions (GEP-1619); a
    destination without endpoints does not.
    """

    cookie: SessionCookie | None = field(
        default=None,
        metadata={"doc": "The cookie that holds the session: its name, or name, path, ttl, attributes."},
    )
    header: str | None = field(
        default=None,
        validator=_header,
        metadata={"doc": "The header that holds the session, in answers and in the requests that follow."},
    )
    timeout: Duration | None = field(
        default=None,
        validator=_some_time,
        metadata={"doc": "How long a session lasts, however much it is used; nothing: as long as its place."},
    )
    idle_timeout: Duration | None = field(
        default=None,
        validator=_some_time,
        metadata={"doc": "How long a session lasts without being used; nothing: however long that is."},
    )
    among: Literal["endpoints", "destinations"] = field(
        default="endpoints",
        metadata={"doc": "What is chosen: destinations for the balancer of a rule, whose destinations keep endpoints."},
    )
    salt: str = field(
        default="", metadata={"doc": "Mixed into the hashes; sessions of another salt mean nothing here."}
    )

    def __attrs_post_init__(self) -> None:
        if (self.cookie is None) == (self.header is None):
            raise ValueError("give exactly one of cookie and header")

    def compile(self, endpoints: tuple[Candidate, ...], env: Environment) -> Callable[[RequestHead], Candidate]:
        tokens = {id(each): self._token(each.name) for each in endpoints}
        places = {tokens[id(each)]: each for each in endpoints}
        anew, read, note = pick_by_weight(endpoints, env.random), self._reader(env), self._note(self.among)
        start = 0 if self.among == "destinations" else _SIZE

        def pick(head: RequestHead) -> Candidate:
            value = read(head)
            chosen = None if value is None else places.get(value[start : start + _SIZE])
            if chosen is None or not chosen.available:
                chosen = anew(head)
            head.notes[note] = tokens[id(chosen)]
            return chosen

        return pick

    def compile_hooks(self, env: Environment) -> FilterHooks:
        """Return what gives a client its session; there is one such hook, at the destination."""
        read, give, write = self._reader(env), self._giver(), self._writer(env)
        of_destination, of_endpoint, idle = self._note("destinations"), self._note("endpoints"), self.idle_timeout

        def on_response(request: RequestHead, response: ResponseHead) -> None:
            endpoint = request.notes.get(of_endpoint)
            if endpoint is None:
                return
            place = request.notes.get(of_destination, _NONE) + endpoint
            known = read(request)
            if known is not None and known[: 2 * _SIZE] == place:
                value = known if idle is None else write(known)
                if value != known:
                    give(request, response, value)
            elif response.status < 500:
                give(request, response, write(place))

        return FilterHooks(on_response=on_response)

    def _token(self, name: str) -> bytes:
        key = blake2b(self.salt.encode(), digest_size=32).digest()
        return blake2b(name.encode(), key=key, digest_size=_SIZE // 2).hexdigest().encode()

    def _note(self, among: str) -> tuple[str, str, str]:
        """Return where it is noted during an exchange what was chosen."""
        name = self.header if self.cookie is None else self.cookie.name
        return "session", name or "", among

    def _reader(self, env: Environment) -> ReadKey:
        """Return what finds a session that holds."""
        bring, now = self._bringer(), env.clock.seconds
        lasts, idle = self.timeout, self.idle_timeout

        def read(head: RequestHead) -> bytes | None:
            value = bring(head)
            if value is None or not _VALUE(value):
                return None
            begun, _, used = value[2 * _SIZE :].partition(b"-")
            for bound, since in ((lasts, begun), (idle, used)):
                if bound is not None and not 0 <= now() - int(since or b"0", 16) < bound:
                    return None
            return value

        return read

    def _writer(self, env: Environment) -> Callable[[bytes], bytes]:
        """Return what makes a session of a place, and of a session the same one as it is after being used."""
        lasts, idle, now = self.timeout, self.idle_timeout, env.clock.seconds

        def write(session: bytes) -> bytes:
            value = session.partition(b"-")[0]
            if lasts is not None and len(value) == 2 * _SIZE:
                value += b"%x" % int(now())
            return value if idle is None else value + b"-%x" % int(now())

        return write

    def _bringer(self) -> ReadKey:
        if self.cookie is not None:
            return cookie_reader(self.cookie.name)
        name = (self.header or "").lower().encode("ascii")
        return lambda head: head.headers.get(name)

    def _giver(self) -> Callable[[RequestHead, ResponseHead, bytes], None]:
        """Return what puts a session into an answer."""
        cookie = self.cookie
        if cookie is None:
            name = (self.header or "").encode("ascii")
            return lambda request, response, value: response.headers.set(name, value)
        start, tail = cookie.name.encode() + b"=", cookie.tail

        def give(request: RequestHead, response: ResponseHead, value: bytes) -> None:
            secure = b"; Secure" if _came_securely(request) else b""
            response.headers.add(b"Set-Cookie", start + value + tail + secure)

        return give


def _came_securely(head: RequestHead) -> bool:
    """Tell whether the client's own connection is encrypted: a browser would not send the cookie back otherwise."""
    return (head.headers.get(b"x-forwarded-proto") or head.scheme) == b"https"
