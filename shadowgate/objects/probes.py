"""Puts in service what probes have found, beside whatever else is: a file that is wrong just now holds nothing up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from attrs import evolve, frozen
from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure

from shadowgate.compiler.snapshot import Snapshot
from shadowgate.config.clashes import STORE
from shadowgate.config.pipeline import Loaded
from shadowgate.errors import ConfigError
from shadowgate.http.framing import WireLimits
from shadowgate.loader import Closed, Offer
from shadowgate.model import Configuration, Settings
from shadowgate.net.presence_probe import PresenceProber
from shadowgate.net.resolver import make_resolver
from shadowgate.objects.offers import Offers
from shadowgate.plugin import Document, Environment
from shadowgate.runtime.discovery import LateResolver
from shadowgate.runtime.presence import ORIGIN, PresenceWatch

PROBES: Final = "probes"


class _Serving(Protocol):
    """Whoever puts configurations in service: one gateway, or the supervisor of several."""

    followers: list[Callable[[Configuration], object]]

    @property
    def snapshot(self) -> Snapshot: ...

    def change(
        self, plan: Callable[[Offer], Offer | None], keep: Callable[[Loaded], Deferred[None]] | None
    ) -> Deferred[Loaded | None]: ...


@frozen(eq=False)
class Findings:
    """Implements ``presence.Publish``."""

    env: Environment
    serving: _Serving
    offers: Offers

    def publish(self, documents: Sequence[Document]) -> Deferred[Any]:
        """Serve what is served, with these documents in place of those that were published before."""
        found = tuple(evolve(each, origin=ORIGIN) for each in documents)
        self.offers.hold(PROBES, found)

        def plan(served: Offer) -> Offer | None:
            others = [document for document in served[0] if document.origin not in (ORIGIN, STORE)]
            stored = [document for document in served[0] if document.origin == STORE]
            return (*others, *found, *stored), served[1]

        changing: Deferred[Any] = self.serving.change(plan, lambda loaded: succeed(None))
        # What else is offered, and may have been refused, is looked at again with them.
        changing.addCallback(lambda _: self.offers.publish(PROBES, found))
        return changing.addErrback(self._failed)

    def _failed(self, failure: Failure) -> None:
        if failure.check(Closed):
            return
        if failure.check(ConfigError):
            for problem in failure.value.problems:  # type: ignore[union-attr]
                self.env.log.error("{problem}", problem=problem)
            self.env.log.error("what the probes have found could not be put in service")
            return
        self.env.log.failure("what the probes have found could not be put in service", failure=failure)


def watch_presence(env: Environment, serving: _Serving, offers: Offers, settings: Settings) -> PresenceWatch:
    """Begin to ask the probes of what is in service, and of whatever follows it; close what is returned."""
    findings = Findings(env, serving, offers)
    resolver = LateResolver(lambda: make_resolver(env.clock, settings.name_servers))
    watch = PresenceWatch(env, PresenceProber(env, WireLimits(), resolver), findings.publish)
    watch.follow(serving.snapshot.configuration)
    serving.followers.append(watch.follow)
    return watch
