"""The two ends of the socket pair between the supervisor and one worker.

The supervisor asks and the worker answers, in any order; besides, the worker tells what happens.  A worker that does
not answer in time has failed that request, whatever it says later: nothing here waits for it.

What the supervisor says is pickled: configurations and settings are objects of this package, and whoever could forge
them holds the supervisor already.  What workers say is JSON: they handle the bytes of strangers, and must not be able
to make the supervisor build anything but plain values.
"""

from __future__ import annotations

import json
import os
import pickle
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final

from twisted.internet.defer import Deferred, fail, maybeDeferred
from twisted.internet.interfaces import IDelayedCall, IFileDescriptorReceiver, IPushProducer, IReactorTime
from twisted.internet.protocol import Factory, Protocol
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from shadowgate.workers.frames import Frames, TooLong, frame

LONGEST_REQUEST: Final = 1 << 30
LONGEST_ANSWER: Final = 64 << 20
ANSWER_SECONDS: Final = 2.0
"""How long a request may take unless its caller says otherwise."""

log = Logger(namespace="shadowgate")


class Gone(Exception):
    """The worker has not answered: it ended, or it took too long."""


class Refused(Exception):
    """The worker could not do what it was asked; the text is its own."""


class OneConnection(Factory):
    """Gives a connection that stands already to its protocol."""

    noisy = False

    def __init__(self, end: Protocol) -> None:
        self._end = end

    def buildProtocol(self, address: Any) -> Protocol:
        return self._end


class SupervisorEnd(Protocol):
    """Asks one worker.  ``heard`` is called with the name and value of what it tells, ``lost`` when it is gone."""

    def __init__(self, clock: IReactorTime, heard: Callable[[str, Any], None], lost: Callable[[], None]) -> None:
        self._clock = clock
        self._heard = heard
        self._lost = lost
        self._frames = Frames(LONGEST_ANSWER)
        self._asked: dict[int, tuple[Deferred[Any], IDelayedCall]] = {}
        self._number = 0
        self._transport: Any = None

    def ask(
        self, what: str, *given: Any, descriptors: Sequence[int] = (), seconds: float = ANSWER_SECONDS
    ) -> Deferred[Any]:
        """Ask the worker for something; fails with :class:`Gone` or :class:`Refused`.  Descriptors are lent to it."""
        if self._transport is None:
            return fail(Gone())
        self._number = number = self._number + 1
        message = pickle.dumps((number, what, given, len(descriptors)), pickle.HIGHEST_PROTOCOL)
        # Sent when the socket has room, which may be after the original was closed and its number given away.
        copies = [os.dup(descriptor) for descriptor in descriptors]
        for copy in copies:
            self._transport.sendFileDescriptor(copy)
        self._transport.write(frame(message))
        late = self._clock.callLater(seconds, self._late, number)
        answer: Deferred[Any] = Deferred()
        self._asked[number] = (answer, late)
        return answer.addBoth(_closing, copies)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abortConnection()

    def connectionMade(self) -> None:
        self._transport = self.transport

    def dataReceived(self, data: bytes) -> None:
        try:
            for message in self._frames.feed(data):
                self._understand(json.loads(message))
        except (TooLong, ValueError, TypeError, KeyError) as wrong:
            log.error("a worker sent what cannot be understood: {wrong}", wrong=wrong)
            self._transport.abortConnection()

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]
        self._transport = None
        asked, self._asked = self._asked, {}
        for answer, late in asked.values():
            late.cancel()
            answer.errback(Gone())
        self._lost()

    def _understand(self, message: dict[str, Any]) -> None:
        if "event" in message:
            self._heard(message["event"], message["value"])
            return
        answer, late = self._asked.pop(message["answer"], (None, None))
        if answer is None or late is None:
            return
        late.cancel()
        if "refused" in message:
            answer.errback(Refused(str(message["refused"])))
        else:
            answer.callback(message["value"])

    def _late(self, number: int) -> None:
        answer, _ = self._asked.pop(number)
        answer.errback(Gone())


@implementer(IFileDescriptorReceiver, IPushProducer)
class WorkerEnd(Protocol):
    """Answers the supervisor by ``serve(what, given, descriptors)``; ``lost`` is called when it is gone."""

    def __init__(self, serve: Callable[[str, tuple[Any, ...], list[int]], Any], lost: Callable[[], None]) -> None:
        self._serve = serve
        self._lost = lost
        self._frames = Frames(LONGEST_REQUEST)
        self._descriptors: deque[int] = deque()
        self._transport: Any = None
        self._full = False
        self.untold = 0

    @property
    def open(self) -> bool:
        return self._transport is not None

    def tell(self, event: str, value: Any) -> None:
        """Tell the supervisor; while it does not read, what is told is dropped and counted."""
        if self._transport is None or self._full:
            self.untold += 1
        else:
            self._send({"event": event, "value": value})

    def close(self) -> None:
        """Close once everything is sent."""
        if self._transport is not None:
            self._transport.unregisterProducer()
            self._transport.loseConnection()

    def connectionMade(self) -> None:
        self._transport = self.transport
        self._transport.registerProducer(self, True)

    def fileDescriptorReceived(self, descriptor: int) -> None:
        self._descriptors.append(descriptor)

    def dataReceived(self, data: bytes) -> None:
        for message in self._frames.feed(data):
            number, what, given, descriptors = pickle.loads(message)
            # They arrive with, or before, the bytes of the message that they belong to, and in its order.
            taken = [self._descriptors.popleft() for _ in range(descriptors)]
            answering = maybeDeferred(self._serve, what, given, taken)
            answering.addCallbacks(self._answer, self._refuse, callbackArgs=(number,), errbackArgs=(number,))

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]
        self._transport = None
        self._lost()

    def pauseProducing(self) -> None:
        self._full = True

    def resumeProducing(self) -> None:
        self._full = False

    def stopProducing(self) -> None:
        self._full = True

    def _answer(self, value: Any, number: int) -> None:
        self._send({"answer": number, "value": value})

    def _refuse(self, failure: Failure, number: int) -> None:
        log.failure("the supervisor's request failed", failure=failure)
        self._send({"answer": number, "refused": failure.getErrorMessage()})

    def _send(self, message: dict[str, Any]) -> None:
        if self._transport is not None:
            self._transport.write(frame(json.dumps(message).encode()))


def _closing(result: Any, descriptors: Sequence[int]) -> Any:
    for descriptor in descriptors:
        os.close(descriptor)
    return result
