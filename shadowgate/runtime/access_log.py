"""One JSON line per exchange and one per shadow, batched on their way to a sink.

Every text that a client or an upstream had a say in goes through JSON's string escape, so that no header byte can
forge a line.  This module formats and batches; the sink does the writing and must not block.
"""

from __future__ import annotations

from collections.abc import Callable
from json.encoder import encode_basestring_ascii as quote
from time import gmtime, strftime
from typing import Protocol

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from shadowgate.plugin import ExchangeRecord, MirrorResult

FLUSH_SECONDS = 0.25
FLUSH_BYTES = 64 * 1024


class Known:
    """What was written lately and will be again, such as hosts and addresses, as it stands in a line."""

    __slots__ = ("_bytes", "_texts")

    MOST = 512
    LONGEST = 256

    def __init__(self) -> None:
        self._bytes: dict[bytes, str] = {}
        self._texts: dict[str, str] = {}

    def bytes(self, given: bytes) -> str:
        known = self._bytes.get(given)
        if known is None:
            known = _text(given)
            if len(known) <= self.LONGEST:
                if len(self._bytes) >= self.MOST:
                    self._bytes.clear()
                self._bytes[given] = known
        return known

    def text(self, given: str) -> str:
        known = self._texts.get(given)
        if known is None:
            known = quote(given)
            if len(known) <= self.LONGEST:
                if len(self._texts) >= self.MOST:
                    self._texts.clear()
                self._texts[given] = known
        return known


class AccessLogger(Protocol):
    """What the rest of the gateway asks of an access log."""

    def exchange(self, record: ExchangeRecord) -> None: ...

    def shadow(self, result: MirrorResult) -> None: ...

    def refused(self, client: str, status: int, reason: str) -> None: ...

    def flush(self) -> None: ...


class AccessLog:
    """Lines for ``write``, which takes a batch of whole lines as bytes and returns at once."""

    def __init__(self, clock: IReactorTime, write: Callable[[bytes], object]) -> None:
        self._clock = clock
        self._write = write
        self._lines: list[str] = []
        self._size = 0
        self._call: IDelayedCall | None = None
        self._known = Known()
        self._second = -1
        self._millisecond = -1
        self._stamp = ""
        self._time_now = ""

    def exchange(self, record: ExchangeRecord) -> None:
        """Write down one exchange of a client."""
        request, known = record.request, self._known
        request_id, client, method = _text(record.request_id), known.text(request.peer), known.bytes(request.method)
        host, target, status = known.bytes(record.authority), known.bytes(record.target), str(record.status)
        received, sent, duration = str(record.received), str(record.sent), "%.3f" % (record.duration * 1000)
        route, upstream, attempts = known.text(record.route), known.text(record.upstream), str(record.attempts)
        agent, outcome = known.bytes(request.headers.get(b"user-agent") or b""), str(record.outcome)
        reason = f',"reason":{quote(record.reason)}' if record.reason else ""
        self._line(
            f'{{"time":"{self._time()}","kind":"request","request_id":{request_id},"client":{client}'
            f',"method":{method},"host":{host},"target":{target},"status":{status},"outcome":"{outcome}"'
            f',"received":{received},"sent":{sent},"duration_ms":{duration},"route":{route},"upstream":{upstream}'
            f',"attempts":{attempts},"user_agent":{agent}{reason}}}\n'
        )

    def shadow(self, result: MirrorResult) -> None:
        """Write down one shadow; ``request_id`` is its parent's."""
        request, known = result.request, self._known
        request_id, mirror, method = _text(result.request_id), known.text(result.mirror), known.bytes(request.method)
        host, target = known.bytes(request.authority), known.bytes(request.target)
        status = "0" if result.response is None else str(result.response.status)
        outcome, reason, upstream = str(result.outcome), known.text(result.reason), known.text(result.endpoint)
        sent, received, duration = str(result.sent), str(result.received), "%.3f" % (result.duration * 1000)
        self._line(
            f'{{"time":"{self._time()}","kind":"shadow","request_id":{request_id},"mirror":{mirror}'
            f',"method":{method},"host":{host},"target":{target},"status":{status},"outcome":"{outcome}"'
            f',"reason":{reason},"sent":{sent},"received":{received},"duration_ms":{duration},"upstream":{upstream}}}\n'
        )

    def refused(self, client: str, status: int, reason: str) -> None:
        """Write down a request that never became an exchange."""
        self._line(
            f'{{"time":"{self._time()}","kind":"refused","client":{quote(client)},"status":{status}'
            f',"reason":{quote(reason)}}}\n'
        )

    def flush(self) -> None:
        """Hand everything to the sink now."""
        if self._call is not None:
            self._call.cancel()
        self._flush()

    def _line(self, line: str) -> None:
        self._lines.append(line)
        self._size += len(line)
        if self._size >= FLUSH_BYTES:
            self.flush()
        elif self._call is None:
            self._call = self._clock.callLater(FLUSH_SECONDS, self._flush)

    def _flush(self) -> None:
        self._call = None
        if self._lines:
            lines, self._lines, self._size = self._lines, [], 0
            self._write("".join(lines).encode("ascii", "backslashreplace"))

    def _time(self) -> str:
        now = int(self._clock.seconds() * 1000)
        if now != self._millisecond:
            self._millisecond = now
            second = now // 1000
            if second != self._second:
                self._second = second
                self._stamp = strftime("%Y-%m-%dT%H:%M:%S", gmtime(second))
            self._time_now = f"{self._stamp}.{now % 1000:03d}Z"
        return self._time_now


def _text(given: bytes) -> str:
    return quote(given.decode("latin-1"))


class NoAccessLog(AccessLog):
    """Writes nothing."""

    def __init__(self) -> None:
        pass

    def exchange(self, record: ExchangeRecord) -> None:
        pass

    def shadow(self, result: MirrorResult) -> None:
        pass

    def refused(self, client: str, status: int, reason: str) -> None:
        pass

    def flush(self) -> None:
        pass
