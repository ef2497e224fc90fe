"""What balancers share that send the same user to the same place: the key, the session cookie, who takes part.

A cookie that a client does not have yet is made here, before the balancer is asked, and set on the answer.  How keys
are laid out over the endpoints is each balancer's own.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections import Counter
from collections.abc import Callable
from hashlib import blake2b
from math import ceil
from typing import Any, Final

from attrs import Attribute, field, frozen
from zope.interface import implementer

from shadowgate.bundled.balancers.weight import pick_by_weight
from shadowgate.bundled.fields import header_name
from shadowgate.bundled.keys import KeyPlaces, ReadKey, cookie_reader
from shadowgate.http.head import RequestHead, ResponseHead
from shadowgate.plugin.interfaces import IBalancerHooks
from shadowgate.plugin.schema import Duration, OneOrMany
from shadowgate.plugin.values import Candidate, Environment, FilterHooks

Seeded = tuple[Candidate, bytes]
Place = Callable[[int], Candidate]

# RFC 6265 section 4.1.1: what may stand in the value of an attribute.
_IN_AN_ATTRIBUTE: Final = re.compile(r"[ -:<-~]*", re.ASCII)


def _attribute_text(_instance: Any, attribute: Attribute[str], value: str) -> None:
    if not _IN_AN_ATTRIBUTE.fullmatch(value):
        raise ValueError(f'{attribute.name} has a ";", or a character beyond printable ASCII')


def _attribute_name(instance: Any, attribute: Attribute[str], value: str) -> None:
    header_name(instance, attribute, value)
    if value.lower() in ("path", "max-age"):
        raise ValueError(f"{value} has an option of its own: {'path' if value.lower() == 'path' else 'ttl'}")


@frozen
class CookieAttribute:
    """One more attribute of the cookie; in short, ``Secure`` or ``SameSite=Lax``."""

    name: str = field(validator=_attribute_name, metadata={"doc": "The attribute, such as SameSite."})
    value: str = field(default="", validator=_attribute_text, metadata={"doc": "Its value; Secure has none."})

    @classmethod
    def from_scalar(cls, text: str) -> CookieAttribute:
        name, _, value = text.partition("=")
        return cls(name.strip(), value.strip())

    def __str__(self) -> str:
        return f"{self.name}={self.value}" if self.value else self.name


@frozen
class SessionCookie:
    """The cookie whose value is the key; in short, its name."""

    name: str = field(validator=header_name, metadata={"doc": "The cookie; its case matters."})
    path: str = field(default="", validator=_attribute_text, metadata={"doc": "Path of a cookie that is handed out."})
    ttl: Duration | None = field(
        default=None,
        metadata={"doc": "Hand out a cookie to who has none, for so long; 0 for a session. Nothing: hand out none."},
    )
    attributes: OneOrMany[CookieAttribute] = field(
        default=(), metadata={"doc": "More attributes of a cookie that is handed out; HttpOnly is always there."}
    )

    @classmethod
    def from_scalar(cls, text: str) -> SessionCookie:
        return cls(text)

    @property
    def tail(self) -> bytes:
        """What follows the value in Set-Cookie (RFC 6265 section 4.1.1)."""
        parts = [f"Max-Age={ceil(self.ttl)}"] if self.ttl else []
        parts += [f"Path={self.path}"] if self.path else []
        parts += [str(one) for one in self.attributes if one.name.lower() != "httponly"]
        return "".join(f"; {part}" for part in (*parts, "HttpOnly")).encode()


@implementer(IBalancerHooks)
@frozen(kw_only=True)
class Affinity(KeyPlaces):
    """The options and the compilation of such a balancer; a subclass says how keys are placed.

    A request without the key goes by weight and chance, as in Envoy.
    """

    cookie: SessionCookie | None = field(
        default=None, metadata={"doc": "The cookie whose value is the key: its name, or name, path, ttl, attributes."}
    )

    @property
    def _cookie(self) -> str | None:
        return None if self.cookie is None else self.cookie.name

    @abstractmethod
    def _placing(self, seeded: tuple[Seeded, ...]) -> Place:
        """Return what places the hash of a key on one of two or more endpoints."""

    def compile(self, endpoints: tuple[Candidate, ...], env: Environment) -> Callable[[RequestHead], Candidate]:
        without_key = pick_by_weight(endpoints, env.random)
        seeded = seeds(endpoints, self.salt)
        if len(seeded) < 2:
            return without_key
        read, digest, place = self.reader(), self.hasher(), self._placing(seeded)

        def pick(head: RequestHead) -> Candidate:
            key = read(head)
            return without_key(head) if key is None else place(digest(key))

        return pick

    def reader(self) -> ReadKey:
        cookie = self.cookie
        if cookie is None or cookie.ttl is None:
            return super().reader()
        read, note = cookie_reader(cookie.name), _note(cookie)
        return lambda head: read(head) or head.notes.get(note)

    def compile_hooks(self, env: Environment) -> FilterHooks:
        """Return what gives a client its cookie, where there is one to give."""
        cookie = self.cookie
        if cookie is None or cookie.ttl is None:
            return FilterHooks()
        read, note = cookie_reader(cookie.name), _note(cookie)
        start, tail, bits = cookie.name.encode() + b"=", cookie.tail, env.random.getrandbits

        def on_request(head: RequestHead) -> None:
            if not read(head) and note not in head.notes:
                head.notes[note] = b"%032x" % bits(128)

        def on_response(request: RequestHead, response: ResponseHead) -> None:
            # Taken away, so that two balancers with one cookie set it once.
            value = request.notes.pop(note, None)
            if value is not None:
                response.headers.add(b"Set-Cookie", start + value + tail)

        return FilterHooks(on_request=on_request, on_response=on_response)


def _note(cookie: SessionCookie) -> tuple[str, str]:
    """Return where the value of a new cookie is kept during an exchange."""
    return "session cookie", cookie.name


def seeds(endpoints: tuple[Candidate, ...], salt: str) -> tuple[Seeded, ...]:
    """Return those with a weight, each with what tells it apart; a name's second entry counts as another."""
    seen: Counter[str] = Counter()
    seeded = []
    for endpoint in endpoints:
        if endpoint.weight > 0:
            text = f"{salt}\0{endpoint.name}\0{seen[endpoint.name]}"
            seeded.append((endpoint, blake2b(text.encode(), digest_size=16).digest()))
            seen[endpoint.name] += 1
    return tuple(seeded)
