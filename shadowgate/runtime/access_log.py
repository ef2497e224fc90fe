"""One JSON line per exchange and one per shadow, batched on their way to a sink.

Every text that a client or an upstream had a say in goes through JSON's string escape, so that no header byte can
forge a line.  This module formats and batches; the sink does the writing and must not block.
"""

from __future__ import annotations

from collections.abc import Callable
from json.encoder import encode_basestring_ascii as quote
from time import gmtime, strftime

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from shadowgate.plugin import ExchangeRecord, MirrorResult

FLUSH_SECONDS = 0.25
FLUSH_BYTES = 64 * 1024


class Known(dict[bytes, str]):
    """What was written lately and will be again, such as hosts and methods, as it stands in a line."""

    MOST = 512
    LONGEST = 256

    def __missing__(self, given: bytes) -> str:
        text = _text(given)
        if len(text) <= self.LONGEST:
            if len(self) >= self.MOST:
                self.clear()
            self[given] = text
        return text


class AccessLog:
    """Lines for ``write``, which takes a batch of whole lines as bytes and returns at once."""

    def __init__(self, clock: IReactorTime, write: Callable[[bytes], None]) -> None:
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
        agent = request.headers.get(b"user-agent") or b""
        reason = f',"reason":{quote(record.reason)}' if record.reason else ""
        self._line(
            f'{{"time":"{self._time()}","kind":"request","request_id":{_text(record.request_id)}'
            f',"client":{quote(request.peer)},"method":{known[request.method]},"host":{known[record.authority]}'
            f',"target":{_text(record.target)},"status":{record.status},"outcome":"{record.outcome}"'
            f',"received":{record.received},"sent":{record.sent},"duration_ms":{record.duration * 1000:.3f}'
            f',"route":{quote(record.route)},"upstream":{quote(record.upstream)},"attempts":{record.attempts}'
            f',"user_agent":{known[agent]}{reason}}}\n'
        )

    def shadow(self, result: MirrorResult) -> None:
        """Write down one shadow; ``request_id`` is its parent's."""
        request, known = result.request, self._known
        status = 0 if result.response is None else result.response.status
        self._line(
            f'{{"time":"{self._time()}","kind":"shadow","request_id":{_text(result.request_id)}'
            f',"mirror":{quote(result.mirror)},"method":{known[request.method]},"host":{known[request.authority]}'
            f',"target":{_text(request.target)},"status":{status},"outcome":"{result.outcome}"'
            f',"reason":{quote(result.reason)},"sent":{result.sent},"received":{result.received}'
            f',"duration_ms":{result.duration * 1000:.3f},"upstream":{quote(result.endpoint)}}}\n'
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
