"""What a request is recognised by: the value that makes two requests the same user's.

Looks at one header, cookie or query parameter or at the client's address, and hashes it the same way in every process
and release.  What hands out the cookies that it looks for is ``balancers.affinity``.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from typing import Any
from urllib.parse import unquote_to_bytes

from attrs import Attribute, field, frozen

from shadowgate.bundled.fields import check_name
from shadowgate.http.head import RequestHead

ReadKey = Callable[[RequestHead], bytes | None]


def parameter_name(_instance: Any, _attribute: Attribute[Any], value: str | None) -> None:
    """Validate an option that names a query parameter."""
    if value == "":
        raise ValueError("a query parameter has a name")


def _optional_name(_instance: Any, _attribute: Attribute[str | None], value: str | None) -> None:
    if value is not None:
        check_name(value)  # RFC 6265 section 4.1.1: a cookie's name is a token, as a header's is


@frozen(kw_only=True)
class KeyPlaces:
    """Exactly one place to find the key in, and what to mix into its hash; cookies are the subclass's to add."""

    header: str | None = field(
        default=None, validator=_optional_name, metadata={"doc": "The header whose value is the key."}
    )
    query: str | None = field(
        default=None, validator=parameter_name, metadata={"doc": "The query parameter whose first value is the key."}
    )
    source: bool = field(default=False, metadata={"doc": "Whether the client's address is the key."})
    salt: str = field(
        default="", metadata={"doc": "Mixed into the hash; another salt makes an independent choice of the same keys."}
    )

    def __attrs_post_init__(self) -> None:
        places = {
            "header": self.header is not None,
            "cookie": self._cookie is not None,
            "query": self.query is not None,
            "source": self.source,
        }
        given = [name for name, there in places.items() if there]
        if len(given) != 1:
            found = " and ".join(given) if given else "none of them"
            raise ValueError(f"give exactly one of header, cookie, query and source; there is {found}")

    @property
    def _cookie(self) -> str | None:
        """The name of the cookie, where one is the key."""
        return None

    def reader(self) -> ReadKey:
        """Return what finds the key in a request, or None where there is none."""
        if self.header is not None:
            name = self.header.lower().encode("ascii")
            return lambda head: head.headers.joined(name)
        if self._cookie is not None:
            return cookie_reader(self._cookie)
        if self.query is not None:
            return query_reader(self.query)
        return lambda head: head.peer.encode() or None

    def hasher(self) -> Callable[[bytes], int]:
        """Return what makes 64 evenly spread bits of a key."""
        salted = blake2b(self.salt.encode() + b"\0", digest_size=8)

        def digest(key: bytes) -> int:
            state = salted.copy()
            state.update(key)
            return int.from_bytes(state.digest(), "big")

        return digest


@frozen(kw_only=True)
class KeyOptions(KeyPlaces):
    """The options of a component that looks for a key and changes nothing."""

    cookie: str | None = field(
        default=None, validator=_optional_name, metadata={"doc": "The cookie whose value is the key."}
    )

    @property
    def _cookie(self) -> str | None:
        return self.cookie


def cookie_reader(name: str) -> ReadKey:
    """Return what finds the first cookie of this name (RFC 6265 section 4.2.1), without the quotes around it."""
    start = name.encode() + b"="
    skip = len(start)

    def read(head: RequestHead) -> bytes | None:
        for line in head.headers.get_all(b"cookie"):
            if start not in line:
                continue
            for pair in line.split(b";"):
                pair = pair.strip(b" \t")
                if pair.startswith(start):
                    value = pair[skip:]
                    return value[1:-1] if len(value) > 1 and value[:1] == value[-1:] == b'"' else value
        return None

    return read


def query_reader(name: str) -> ReadKey:
    """Return what finds the first value of this query parameter, percent-decoded; ``?key`` has the empty value.

    ``+`` is no space: that is a convention of HTML forms (RFC 3986 section 3.4).
    """
    wanted = name.encode()

    def read(head: RequestHead) -> bytes | None:
        query = head.query
        if wanted not in query and b"%" not in query:
            return None
        for part in query.split(b"&"):
            key, _, value = part.partition(b"=")
            if key == wanted or (b"%" in key and unquote_to_bytes(key) == wanted):
                return unquote_to_bytes(value) if b"%" in value else value
        return None

    return read
