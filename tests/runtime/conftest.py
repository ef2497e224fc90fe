"""A stage for exchanges: a scripted client, scripted upstreams, a clock, and a play that reads as what happened.

    >> GET /                      an event: the client sends a request
    << v1 dial                    a command: the exchange asks the pool of v1 for a connection
    >> v1 connected
    << v1 GET /
    >> v1 answers 200 length=2 'ok'
    << client 200 length=2 'ok'

Every command must stand in the script, in order.  ``~v2`` is the pool and the stream of a shadow to v2; ``...`` at the
end of a head says that its message goes on.  ``GET / upgrade=websocket`` asks for another protocol; what a connection
does after it has left HTTP is said of ``raw client`` and ``raw v1``.  After each event the mirrors' accounting is
checked.
"""

import re
import shlex
from random import Random

import pytest
from attrs import define, evolve, field
from twisted.internet.task import Clock
from twisted.logger import Logger

from shadowgate.compiler.shadow_host import shadow_host
from shadowgate.compiler.snapshot import (
    CompiledDestination,
    CompiledMirror,
    CompiledRule,
    Hooks,
    Snapshot,
)
from shadowgate.http.framing import CHUNKED, NO_BODY, UNTIL_CLOSE
from shadowgate.http.head import ResponseHead
from shadowgate.http.headers import Headers
from shadowgate.model import Configuration, Endpoint, MirrorLimits, Settings, Timeouts
from shadowgate.runtime import outcomes
from shadowgate.runtime.clusters import EndpointState
from shadowgate.runtime.core import Core
from shadowgate.runtime.exchange import Exchange
from shadowgate.runtime.forwarding import compile_forwarding
from shadowgate.runtime.mirror_state import MirrorState
from shadowgate.runtime.stats import Stats
from shadowgate.runtime.timers import Timers
from shadowgate.testing import request

OUTCOMES = {one.name: one for one in vars(outcomes).values() if isinstance(one, outcomes.Outcome)}
LENGTHS = {"chunked": CHUNKED, "close": UNTIL_CLOSE}
LENGTH_NAMES = {CHUNKED: " chunked", UNTIL_CLOSE: " close", NO_BODY: ""}


def shown(length, data=b"", ended=True):
    """A message's length, first bytes and end, as scripts write them."""
    text = LENGTH_NAMES.get(length, f" length={length}")
    return text + (f" '{data.decode()}'" if data else "") + ("" if ended else " ...")


def trailer_text(trailers):
    return "".join(f" {name.decode()}: {value.decode()}" for name, value in trailers)


@define(eq=False)
class ScriptedEnd:
    """A connection that has left HTTP."""

    stage: "Stage"
    name: str
    receiver: object = None

    def say(self, text):
        self.stage.commands.append(f"raw {self.name} {text}")

    def start(self, receiver):
        self.receiver = receiver
        self.say("starts")

    def write(self, data):
        self.say(f"'{data.decode()}'")

    def end(self):
        self.say("end")

    def pause(self):
        self.say("pause")

    def resume(self):
        self.say("resume")

    def close(self):
        self.say("close")

    def abort(self):
        self.say("abort")


@define(eq=False)
class ScriptedStream:
    """A connection to an upstream: says what it is told, and reports to whoever uses it."""

    stage: "Stage"
    name: str
    receiver: object
    overhead: int = 0
    reused: bool = False
    head: object = None
    full_at_once: bool = False

    def say(self, text):
        self.stage.commands.append(f"{self.name} {text}")

    def send_head(self, head, length, data, ended):
        self.head = head
        self.say(f"{head.method.decode()} {head.target.decode()}{shown(length, data, ended)}")
        if self.full_at_once:
            self.receiver.request_full()

    def send(self, data):
        self.say(f"body '{data.decode()}'")

    def end(self, trailers):
        self.say(f"end{trailer_text(trailers)}")

    def pause(self):
        self.say("pause")

    def resume(self):
        self.say("resume")

    def switch(self):
        return self.stage.switched(self.name)

    def abort(self):
        self.say("abort")


@define(eq=False)
class ScriptedPool:
    """Hands out what ``Stage.idle`` has put in, and dials for the rest; it is its own Dial."""

    stage: "Stage"
    name: str
    idle: int = 0
    waiter: object = None

    def checkout(self, receiver, lenient=False):
        if not self.idle:
            return None
        self.idle -= 1
        self.stage.commands.append(f"{self.name} reuse")
        stream = self.stage.streams[self.name] = ScriptedStream(self.stage, self.name, receiver, reused=True)
        return stream

    def dial(self, waiter, timeout):
        self.waiter = waiter
        self.stage.commands.append(f"{self.name} dial")
        return self

    def cancel(self):
        self.stage.commands.append(f"{self.name} cancel")

    def close(self):
        pass


@define(eq=False)
class ScriptedClient:
    """The downstream: says what it is told."""

    stage: "Stage"
    head: object = None

    def say(self, text):
        self.stage.commands.append(f"client {text}")

    def send_head(self, head, length, data, ended):
        self.head = head
        self.say(f"{head.status}{shown(length, data, ended)}")

    def send_informational(self, head):
        self.say(f"informed {head.status}")

    def send(self, data):
        self.say(f"body '{data.decode()}'")

    def end(self, trailers):
        self.say(f"end{trailer_text(trailers)}")

    def switch(self, head, protocol):
        self.say(f"{head.status} {protocol.decode()}")
        return self.stage.switched("client")

    def abort(self):
        self.say("cut")

    def pause(self):
        self.say("pause")

    def resume(self):
        self.say("resume")


@define(eq=False, slots=False)
class Target:
    """A cluster whose endpoints take turns; ``budget`` is how many retries may be under way at once."""

    name: str
    endpoints: list[EndpointState]
    budget: float = float("inf")
    retrying: int = 0
    picks: int = 0

    def pick(self, head):
        self.picks += 1
        return self.endpoints[(self.picks - 1) % len(self.endpoints)] if self.endpoints else None

    def pick_other(self, tried):
        return next((endpoint for endpoint in self.endpoints if endpoint.name not in tried), None)

    def may_retry(self):
        return self.retrying < self.budget


@define(eq=False)
class Log:
    records: list = field(factory=list)
    results: list = field(factory=list)

    def exchange(self, record):
        self.records.append(record)

    def shadow(self, result):
        self.results.append(result)


class Stage:
    """One rule, its upstreams and mirrors, and any number of exchanges one after another."""

    def __init__(
        self,
        *,
        endpoints=("v1",),
        mirrors=(),
        retries=None,
        timeouts=None,
        settings=None,
        destination=True,
        **hooks,
    ):
        self.clock = Clock()
        self.commands = []
        self.streams = {}
        self.ends = {}
        self.pools = {}
        self.log = Log()
        self.stats = Stats()
        self.settings = settings or Settings()
        self.core = Core(
            self.settings,
            Timers(self.clock),
            self.stats,
            self.log,
            compile_forwarding(self.settings, Random(1)),
            self.clock.seconds,
            Logger("stage"),
        )
        self.target = Target("cluster", [self._endpoint(name) for name in endpoints])
        self.endpoint = self.target.endpoints[0]
        rule_hooks = Hooks(**{name: tuple(found) for name, found in hooks.items()})
        shadows = tuple(self._mirror(**mirror) for mirror in mirrors)
        self.destination = CompiledDestination("v1", 1, self.target, (), evolve(rule_hooks), mirrors=shadows)
        self.rule = CompiledRule(
            route="route",
            name="",
            on_request=rule_hooks.on_request,
            hooks=rule_hooks,
            choose=lambda head: self.destination if destination else None,
            destinations=(self.destination,),
            mirrors=shadows,
            timeouts=timeouts or Timeouts(),
            retries=retries,
            stats=self.stats.route("route"),
        )
        self.find = lambda head: self.rule
        self.core.snapshot = Snapshot(1, lambda head: self.find(head), Configuration(), (self.rule,))
        self.client = self.exchange = None

    def _endpoint(self, name):
        pools = [self.pools.setdefault(each, ScriptedPool(self, each)) for each in (name, f"~{name}")]
        return EndpointState(Endpoint(name, 80), *pools)

    def _mirror(self, to="v2", name="", suffix="-shadow", **given):
        name = name or to
        limits = MirrorLimits(**given.pop("limits", {}))
        parts = {
            "admit": lambda head: True,
            "cluster": Target(to, [self._endpoint(to)]),
            "host": shadow_host(suffix),
            "on_request": (),
            "observers": (),
            "keep_response": 0,
        }
        state = MirrorState(self.stats.mirror(name))
        return CompiledMirror(name=name, limits=limits, state=state, **{**parts, **given})

    # What tests look at

    @property
    def mirror(self):
        """The counts of the only mirror."""
        (mirror,) = self.rule.mirrors
        return mirror.state.stats

    @property
    def record(self):
        return self.log.records[-1]

    @property
    def result(self):
        return self.log.results[-1]

    @property
    def retries(self):
        """What came of the retries that the policy wanted."""
        return dict(self.rule.stats.retries)

    def idle(self, name, count=1):
        """Put idle connections into a pool."""
        self.pools[name].idle += count

    def request(self, *given, **named):
        """Start an exchange with a head of the test's own, without a body."""
        self.start(request(*given, **named))

    def start(self, head, length=NO_BODY, data=b"", ended=True, trailers=()):
        self.client = ScriptedClient(self)
        self.exchange = Exchange(self.core, self.client)
        self.exchange.start(head, length, data, ended, trailers)
        self.check_accounts()

    def play(self, script):
        for line in script.strip().splitlines():
            direction, _, text = line.strip().partition(" ")
            if direction == ">>":
                assert not self.commands, f"before >> {text}"
                self.event(text)
                self.check_accounts()
            else:
                assert direction == "<<", line
                assert self.commands, f"nothing was done; expected << {text}"
                assert self.commands.pop(0) == text
        assert not self.commands

    def event(self, text):
        """Make one ``>>`` line happen."""
        words = shlex.split(text, posix=True)
        first, rest = words[0], words[1:]
        if first in ("client", "body", "end"):
            self._from_client(first, rest, text)
        elif re.fullmatch(r"[\d.]+", first):
            self.clock.pump([float(first) / 8] * 8)
        elif first == "raw":
            self._from_end(rest[0], rest[1], rest[2:])
        elif first in self.pools:
            self._from_upstream(first, rest[0], rest[1:], text)
        else:
            head = request(first, rest[0])
            for protocol in [word for word in rest if word.startswith("upgrade=")]:
                head.ask_upgrade(protocol.removeprefix("upgrade=").encode())
                rest.remove(protocol)
            length, data, ended = _message(rest[1:], NO_BODY)
            self.start(head, length, data, ended)

    def switched(self, name):
        """Return what a connection is after its upgrade."""
        self.ends[name] = ScriptedEnd(self, name)
        return self.ends[name]

    def _from_end(self, name, what, rest):
        receiver = self.ends[name].receiver
        if what == "says":
            receiver.data(rest[0].encode())
        else:
            {
                "ends": receiver.end,
                "lost": receiver.lost,
                "full": receiver.full,
                "drained": receiver.drained,
            }[what]()

    def _from_client(self, what, rest, text):
        exchange = self.exchange
        if what == "body":
            exchange.request_data(rest[0].encode())
        elif what == "end":
            exchange.request_end(_trailers(rest))
        else:
            {
                "gone": exchange.client_gone,
                "slow": exchange.response_full,
                "ready": exchange.response_drained,
                "garbage": lambda: exchange.request_broken(outcomes.BAD_REQUEST),
            }[rest[0]]()

    def _from_upstream(self, name, what, rest, text):
        pool, stream = self.pools[name], self.streams.get(name)
        if what in ("connected", "connected-full"):
            stream = self.streams[name] = ScriptedStream(self, name, pool.waiter)
            stream.full_at_once = what == "connected-full"
            pool.waiter.connected(stream)
        elif what == "unreachable":
            pool.waiter.connect_failed(OUTCOMES[rest[0]])
        elif what == "answers":
            length, data, ended = _message(rest[1:], NO_BODY)
            stream.receiver.response(ResponseHead(int(rest[0]), Headers()), length, data, ended)
        elif what == "informs":
            stream.receiver.informational(ResponseHead(int(rest[0]), Headers()))
        elif what == "body":
            stream.receiver.response_data(rest[0].encode())
        elif what == "end":
            stream.receiver.response_end(_trailers(rest))
        elif what == "fails":
            stream.receiver.response_failed(OUTCOMES[rest[0]])
        else:
            {"full": stream.receiver.request_full, "drained": stream.receiver.request_drained}[what]()

    def check_accounts(self):
        """What MirrorStats promises at every moment."""
        for stats in self.stats.mirrors.values():
            assert stats.connecting >= 0
            assert stats.answering >= 0
            assert stats.sampled == stats.sent + sum(stats.dropped.values()) + stats.connecting
            assert stats.sent == sum(stats.completed) + sum(stats.failed.values()) + stats.answering
            assert stats.in_flight == stats.connecting + stats.answering


def _message(words, length):
    """Read ``length=5 'data' ...``."""
    data, ended = b"", True
    for word in words:
        if word == "...":
            ended = False
        elif word in LENGTHS:
            length = LENGTHS[word]
        elif word.startswith("length="):
            length = int(word.removeprefix("length="))
        else:
            data = word.encode()
    return length, data, ended


def _trailers(words):
    return [(name.rstrip(":").encode(), value.encode()) for name, value in zip(words[::2], words[1::2], strict=True)]


@pytest.fixture
def stage():
    """Make a stage: ``stage(mirrors=[{"to": "v2"}], on_request=[("name", hook)])``."""
    return Stage


@pytest.fixture
def connected(stage):
    """Make a stage whose client has sent ``request`` and whose primary has it."""

    def connect(line="GET /", **given):
        it = stage(**given)
        it.idle("v1")
        it.event(line)
        it.commands.clear()
        return it

    return connect
