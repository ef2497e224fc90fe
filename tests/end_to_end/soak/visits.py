"""What a client of the soak does: one visit at a time, each of which knows the only answers that are right.

Hosts say what may go wrong.  Nothing ever happens to the server of ``steady``: whatever is asked there must be right.
One of the two servers of ``flapping`` may be down at any time, and its route tries again: what can be sent twice must
be right, and the rest is right, or refused cleanly by the gateway, or cut, but never somebody else's answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from itertools import count
from random import Random
from time import monotonic
from typing import Final

from attrs import define, field

from harness.wire import Cut, Message, chunked, get
from soak import messages
from soak.wire import Wire

MIB: Final = 1 << 20
STEADY: Final = "steady"
FLAPPING: Final = "flapping"
LEAVING_PATIENCE: Final = 0.5
GATEWAYS_OWN: Final = (502, 503, 504)

MALFORMED: Final = (
    b"GET / HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    b"GET /\x01 HTTP/1.1\r\nHost: steady\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: steady\r\nx : y\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: steady\r\nx: y\r\n z\r\n\r\n",
    b"GET / HTTP/9.9\r\nHost: steady\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: steady\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: steady\r\nContent-Length: 1x\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
)


class Wrong(Exception):
    """An answer that no fault of ours explains."""


@define
class Tally:
    """What came of one kind of visit: right, refused or cut where that may be, given up on purpose."""

    right: int = 0
    refused: int = 0
    cut: int = 0
    left: int = 0

    @property
    def all(self) -> int:
        return self.right + self.refused + self.cut + self.left


@define(eq=False)
class Record:
    """What all clients have met.  Only the first few wrong answers are kept in words."""

    tallies: dict[str, Tally] = field(factory=dict)
    wrong: list[str] = field(factory=list)
    wrongs: int = 0
    slowest: float = 0.0

    def of(self, visit: str) -> Tally:
        return self.tallies.setdefault(visit, Tally())

    def note(self, text: str) -> None:
        self.wrongs += 1
        if len(self.wrong) < 20:
            self.wrong.append(text)


@define(eq=False)
class Visitor:
    """One client: goes from visit to visit, on one connection where it can."""

    port: int
    numbers: count[int]
    chance: Random
    record: Record
    pause: float
    _wire: Wire | None = field(default=None, init=False)
    _tally: Tally = field(factory=Tally, init=False)

    async def run(self, stopping: asyncio.Event) -> None:
        names, shares = list(VISITS), [share for share, _ in VISITS.values()]
        while not stopping.is_set():
            (name,) = self.chance.choices(names, shares)
            self._tally = self.record.of(name)
            try:
                await VISITS[name][1](self)
            except Wrong as wrong:
                self.record.note(f"{name}: {wrong}")
                self.leave()
            except Exception as failed:
                self.record.note(f"{name}: {type(failed).__name__}: {failed}")
                self.leave()
            await asyncio.sleep(self.chance.expovariate(1 / self.pause))
        self.leave()

    def leave(self) -> None:
        wire, self._wire = self._wire, None
        if wire is not None:
            wire.close()

    async def wire(self, fresh: bool = False) -> Wire:
        """Return a connection: the one at hand, unless the visit wants a new one."""
        if fresh:
            self.leave()
        if self._wire is None:
            self._wire = await Wire.open(self.port)
        return self._wire

    def target(self, kind: str, **given: object) -> str:
        query = "&".join(f"{name}={value}" for name, value in given.items())
        return f"/{kind}/{next(self.numbers)}" + (f"?{query}" if query else "")

    def host(self) -> str:
        return self.chance.choice((STEADY, STEADY, FLAPPING))

    def check(self, answer: Message, body: bytes, sure: bool) -> None:
        """Count an answer that is right, or the gateway's own where that is allowed; raise :class:`Wrong` else."""
        if answer.status == 200 and answer.body == body:
            self._tally.right += 1
        elif not sure and answer.status in GATEWAYS_OWN and b"upstream" in answer.body:
            self._tally.refused += 1
        else:
            raise Wrong(f"{answer.start!r} {answer.body[:80]!r} ({len(answer.body)} bytes) in place of {body[:80]!r}")
        if (answer.get(b"connection") or b"").lower() == b"close":
            self.leave()

    async def ask(
        self, request: bytes, body: bytes, *, method: bytes = b"GET", sure: bool, fresh: bool = False
    ) -> None:
        """Send a request and check its answer."""
        wire = await self.wire(fresh)
        since = monotonic()
        try:
            with suppress(ConnectionError):  # the gateway may answer, and close, before it has read everything
                await wire.send(request)
            answer = await wire.answer(method)
        except Cut as cut:
            if sure:
                raise Wrong(f"cut: {cut}, asked for {request[:80]!r}") from None
            self._tally.cut += 1
            self.leave()
            return
        self.check(answer, body, sure)
        if sure:
            self.record.slowest = max(self.record.slowest, monotonic() - since)


# Visits


async def small(visitor: Visitor) -> None:
    """A small GET, which can be sent twice and so must be right everywhere."""
    host, target = visitor.host(), visitor.target("echo")
    last = visitor.chance.random() < 0.05
    request = get(target, host, *(["Connection: close"] if last else []))
    await visitor.ask(request, messages.echo(b"GET", target.encode(), b""), sure=True)


async def download(visitor: Visitor) -> None:
    host, size = visitor.host(), visitor.chance.choice((0, 1, 1000, 65_536, 65_537, MIB))
    how = visitor.chance.choice(("length", "chunked", "close"))
    target = visitor.target("bytes", n=size, how=how)
    body = messages.pattern(messages.number(target.encode()), size)
    await visitor.ask(get(target, host), body, sure=host == STEADY)


async def head(visitor: Visitor) -> None:
    target = visitor.target("bytes", n=5000, how="length")
    await visitor.ask(get(target, visitor.host(), method="HEAD"), b"", method=b"HEAD", sure=True)


async def upload(visitor: Visitor) -> None:
    """A POST, small or large, whole or in chunks."""
    host, size = visitor.host(), visitor.chance.choice((0, 10, 2000, 2000, 70_000, MIB))
    target = visitor.target("echo")
    body = messages.pattern(messages.number(target.encode()), size)
    if visitor.chance.random() < 0.5:
        request = get(target, host, method="POST", body=body)
    else:
        step = visitor.chance.choice((100, 4096, 60_000)) if size < MIB else 60_000
        pieces = [body[at : at + step] for at in range(0, size, step)]
        trailers = visitor.chance.choice((b"", b"x-checked: yes\r\n"))
        request = get(target, host, "Transfer-Encoding: chunked", method="POST") + chunked(*pieces, trailers=trailers)
    await visitor.ask(request, messages.echo(b"POST", target.encode(), body), method=b"POST", sure=host == STEADY)


async def expecting(visitor: Visitor) -> None:
    """A POST that waits for 100 before it sends its body."""
    target, body = visitor.target("echo"), b"x" * 3000
    wire = await visitor.wire()
    await wire.send(get(target, STEADY, "Expect: 100-continue", f"Content-Length: {len(body)}", method="POST"))
    try:
        first = await asyncio.wait_for(wire.head(), 20)
        if first.status != 100:
            raise Wrong(f"{first.start!r} in place of 100")
        await wire.send(body)
        visitor.check(await wire.answer(b"POST"), messages.echo(b"POST", target.encode(), body), True)
    except (Cut, ConnectionError, asyncio.IncompleteReadError) as cut:
        raise Wrong(f"cut: {cut!r}") from None


async def pipelined(visitor: Visitor) -> None:
    targets = [visitor.target("echo") for _ in range(visitor.chance.randint(2, 8))]
    wire = await visitor.wire()
    try:
        await wire.send(b"".join(get(target, STEADY) for target in targets))
        for target in targets:
            visitor.check(await wire.answer(), messages.echo(b"GET", target.encode(), b""), True)
    except (Cut, ConnectionError) as cut:
        raise Wrong(f"cut: {cut}") from None


async def old(visitor: Visitor) -> None:
    """HTTP/1.0, whose bodies may end with the connection."""
    size, how = visitor.chance.choice((1, 5000, 200_000)), visitor.chance.choice(("length", "chunked", "close"))
    target = visitor.target("bytes", n=size, how=how)
    body = messages.pattern(messages.number(target.encode()), size)
    request = f"GET {target} HTTP/1.0\r\nHost: {STEADY}\r\n\r\n".encode()
    await visitor.ask(request, body, sure=True, fresh=True)
    visitor.leave()


async def half_closing(visitor: Visitor) -> None:
    """A client that says its end with its request, and waits for the answer."""
    target = visitor.target("echo")
    wire = await visitor.wire(fresh=True)
    try:
        await wire.send(get(target, STEADY))
        wire.say_end()
        visitor.check(await wire.answer(), messages.echo(b"GET", target.encode(), b""), True)
    except (Cut, ConnectionError) as cut:
        raise Wrong(f"cut: {cut}") from None
    visitor.leave()


async def slow(visitor: Visitor) -> None:
    """A request that comes letter by letter, or an answer that is read slowly."""
    wire = await visitor.wire(fresh=True)
    if visitor.chance.random() < 0.5:
        target = visitor.target("echo")
        request = get(target, STEADY)
        for at in range(0, len(request), 7):
            await wire.send(request[at : at + 7])
            await asyncio.sleep(0.01)
        visitor.check(await wire.answer(), messages.echo(b"GET", target.encode(), b""), True)
        return
    target = visitor.target("bytes", n=MIB, how="length")
    await wire.send(get(target, STEADY))
    answer = await wire.head()
    if answer.status != 200:
        raise Wrong(f"{answer.start!r} in place of 200")
    body = b""
    while len(body) < MIB:
        body += await wire.reader.readexactly(min(MIB - len(body), 50_000))
        await asyncio.sleep(0.01)
    if body != messages.pattern(messages.number(target.encode()), MIB):
        raise Wrong("a body that was read slowly is not the one that was sent")
    visitor._tally.right += 1


async def odd(visitor: Visitor) -> None:
    """A server that is late, or slow, or talkative, and right."""
    target = visitor.target("fault", what=visitor.chance.choice(messages.ODDITIES))
    await visitor.ask(get(target, STEADY), messages.echo(b"GET", target.encode(), b""), sure=True)


async def fault(visitor: Visitor) -> None:
    """A server that fails: the client is told so cleanly, or cut where the answer had begun."""
    what = visitor.chance.choice(messages.FAULTS)
    wire = await visitor.wire()
    try:
        await wire.send(get(visitor.target("fault", what=what), STEADY))
        answer = await wire.answer()
    except (Cut, ConnectionError):
        visitor.leave()
        if what != "short":
            raise Wrong(f"{what}: cut in place of 502") from None
        visitor._tally.cut += 1
        return
    if answer.status != 502 or b"upstream" not in answer.body:
        raise Wrong(f"{what}: {answer.start!r} {answer.body[:80]!r} in place of 502")
    visitor._tally.refused += 1


async def early(visitor: Visitor) -> None:
    """A server that answers before it has read the body: its answer arrives, and the connection ends."""
    request = get(visitor.target("early"), STEADY, method="POST", body=bytes(MIB))
    await visitor.ask(request, b"early", method=b"POST", sure=False, fresh=True)
    visitor.leave()


async def nowhere(visitor: Visitor) -> None:
    wire = await visitor.wire()
    await wire.send(get("/", "nowhere"))
    answer = await wire.answer()
    if answer.status != 404:
        raise Wrong(f"{answer.start!r} in place of 404")
    visitor._tally.right += 1


async def malformed(visitor: Visitor) -> None:
    """What is no request is refused, and nothing after it is looked at."""
    wire = await visitor.wire(fresh=True)
    request = visitor.chance.choice(MALFORMED)
    try:
        await wire.send(request + get(visitor.target("echo"), STEADY))
        answer = await wire.answer()
        if answer.status not in (400, 501, 505):
            raise Wrong(f"{answer.start!r} to {request!r}")
        if not await wire.ended():
            raise Wrong(f"a second answer to {request!r}")
    except (Cut, ConnectionError) as cut:
        raise Wrong(f"cut: {cut} after {request!r}") from None
    visitor._tally.right += 1
    visitor.leave()


async def leaving(visitor: Visitor) -> None:
    """A client that is gone before it has its answer, at any point."""
    chance = visitor.chance
    body = bytes(chance.choice((0, 1000, MIB)))
    target = visitor.target("bytes", n=MIB, how=chance.choice(("length", "chunked")))
    if chance.random() < 0.2:
        target = visitor.target("fault", what="late")
    request = get(target, visitor.host(), method="POST", body=body)
    wire = await visitor.wire(fresh=True)
    end = request.index(b"\r\n\r\n") + 4
    with suppress(ConnectionError, asyncio.IncompleteReadError, TimeoutError):
        if chance.random() < 0.5:
            # As often within the head and just after it as within the body.
            part = chance.choice((0, chance.randrange(end), end, chance.randint(end, len(request))))
            await wire.send(request[:part])
            await asyncio.sleep(chance.choice((0, 0.001, 0.02)))
        else:
            await wire.send(request)
            await asyncio.wait_for(wire.reader.readexactly(chance.choice((1, 500, 100_000))), LEAVING_PATIENCE)
    if chance.random() < 0.5:
        wire.reset()
        visitor._wire = None
    else:
        visitor.leave()
    visitor._tally.left += 1


VISITS: Final[Mapping[str, tuple[int, Callable[[Visitor], Awaitable[None]]]]] = {
    "small": (40, small),
    "download": (8, download),
    "head": (3, head),
    "upload": (10, upload),
    "expecting": (2, expecting),
    "pipelined": (4, pipelined),
    "old": (4, old),
    "half closing": (2, half_closing),
    "slow": (1, slow),
    "odd": (3, odd),
    "fault": (5, fault),
    "early": (1, early),
    "nowhere": (2, nowhere),
    "malformed": (4, malformed),
    "leaving": (14, leaving),
}
"""Every kind of visit with its share."""
