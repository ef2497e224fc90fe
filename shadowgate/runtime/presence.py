"""Which variants of the native form are there: keeps asking their probes, off the requests' way, and tells changes.

Deciding is a plain function over plain state; what a probe asks is somebody else's.  What was found leaves as
documents, so that routes change as they do when a file is edited: nothing here touches what is in service.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, Final

from attrs import define, field, frozen
from twisted.internet.interfaces import IDelayedCall

from shadowgate.model import Configuration, Endpoint, Probe, Variant, Variants
from shadowgate.plugin import Document, Environment
from shadowgate.plugin.schema import to_node
from shadowgate.runtime import health
from shadowgate.runtime.health import Checked
from shadowgate.runtime.watch import JITTER, MOST_PROBES, SOON, TURN, Probing

ORIGIN: Final = "probes"
"""``Document.origin`` of what is published here."""

Ask = Callable[[Probe, Sequence[Endpoint], Callable[[str], None]], Probing]
"""Asks what a probe says, of these endpoints where it names none; tells the result once, never before it returns."""

Publish = Callable[[Sequence[Document]], object]
"""Takes all there is to say, each time any of it changes."""


@define(eq=False)
class Finding:
    """What one probe has found.

    ``well_since`` is when its good results in a row began, ``reason`` why the variant is not there.  One that begins as
    ``present`` is a new condition for a variant that is there, which stays until the first result says otherwise.
    """

    checked: Checked = field(factory=lambda: Checked(False))
    present: bool = False
    reason: str = ""
    well_since: float | None = None


def take(finding: Finding, probe: Probe, wrong: str, now: float) -> bool:
    """Take a result down, nothing wrong being a good one; return whether there is something new to tell."""
    first = not finding.checked.told
    before = finding.present
    health.told(finding.checked, probe.check, wrong)
    if wrong:
        finding.well_since = None
    elif finding.well_since is None:
        finding.well_since = now
    if not finding.checked.healthy:
        finding.present = False
    elif finding.well_since is not None and now - finding.well_since >= probe.stable:
        finding.present = True
    if first or finding.present is not before:
        finding.reason = "" if finding.present else f"{probe}: {wrong or 'good, but not for long enough yet'}"
        return True
    return False


_Name = tuple[str, str, str]
"""Namespace, application, variant."""
_Key = tuple[str, str, str, int, Probe]
"""Namespace, application, variant, and the probe with its number among the variant's."""


@define(eq=False)
class _Watched:
    """One probe that is being asked again and again."""

    probe: Probe
    endpoints: Sequence[Endpoint]
    finding: Finding = field(factory=Finding)
    due: IDelayedCall | None = None
    asking: Probing | None = None


@frozen
class _Application:
    """One block of variants with the probes of each variant that has any."""

    block: Variants
    probes: tuple[tuple[Variant, tuple[_Watched, ...]], ...]


class PresenceWatch:
    """Asks the probes of the configuration that it was last given by :meth:`follow`, until :meth:`close`.

    A probe that two configurations share goes on as if nothing had happened.
    """

    def __init__(self, env: Environment, ask: Ask, publish: Publish) -> None:
        self._env = env
        self._ask = ask
        self._publish = publish
        self._watched: dict[_Key, _Watched] = {}
        self._applications: tuple[_Application, ...] = ()
        self._published: tuple[Document, ...] = ()
        self._asking = 0

    def follow(self, configuration: Configuration) -> None:
        """Ask the probes of this configuration, and no others."""
        before, self._watched = self._watched, {}
        staying = self._staying(configuration)
        applications = {(each.namespace, each.name): each for each in reversed(configuration.variants)}
        self._applications = tuple(
            _Application(block, tuple(self._probes(block, configuration, before, staying)))
            for block in applications.values()
        )
        for watched in before.values():
            self._let_go(watched)
        self._tell()

    def close(self) -> None:
        """Ask nothing any more."""
        for watched in self._watched.values():
            self._let_go(watched)
        self._watched = {}
        self._applications = ()

    def _staying(self, configuration: Configuration) -> set[_Name]:
        """Return the variants that are there in a configuration and are where they were in the one before it."""
        were = {name: variant.destination for each in self._applications for name, variant in _named(each.block)}
        there = {
            (each.namespace, each.name, variant.name)
            for each in configuration.availability
            for variant in each.variants
            if variant.available
        }
        return {
            name
            for block in configuration.variants
            for name, variant in _named(block)
            if name in there and were.get(name) == variant.destination
        }

    def _probes(
        self, block: Variants, configuration: Configuration, before: dict[_Key, _Watched], staying: set[_Name]
    ) -> Iterable[tuple[Variant, tuple[_Watched, ...]]]:
        for variant in block.variants:
            if not variant.probes:
                continue
            endpoints = _endpoints(variant, configuration)
            found = []
            for number, probe in enumerate(variant.probes):
                key = (block.namespace, block.name, variant.name, number, probe)
                watched = before.pop(key, None)
                if watched is None:
                    stays = (block.namespace, block.name, variant.name) in staying
                    watched = _Watched(probe, endpoints, Finding(present=stays))
                    self._plan(watched, self._env.random.random() * min(SOON, probe.check.interval))
                watched.endpoints = endpoints
                self._watched[key] = watched
                found.append(watched)
            yield variant, tuple(found)

    # Asking

    def _plan(self, watched: _Watched, seconds: float) -> None:
        watched.due = self._env.clock.callLater(seconds, self._question, watched)

    def _question(self, watched: _Watched) -> None:
        if self._asking >= MOST_PROBES:
            self._plan(watched, TURN)
            return
        watched.due = None
        self._asking += 1
        watched.asking = self._ask(watched.probe, watched.endpoints, partial(self._answer, watched))

    def _answer(self, watched: _Watched, wrong: str) -> None:
        watched.asking = None
        self._asking -= 1
        jitter = JITTER * (2 * self._env.random.random() - 1)
        self._plan(watched, watched.probe.check.interval * (1 + jitter))
        if take(watched.finding, watched.probe, wrong, self._env.clock.seconds()):
            self._tell()

    def _let_go(self, watched: _Watched) -> None:
        if watched.due is not None:
            watched.due.cancel()
            watched.due = None
        if watched.asking is not None:
            watched.asking.cancel()
            watched.asking = None
            self._asking -= 1

    # Telling

    def _tell(self) -> None:
        """Publish what is known if it is not what was published last."""
        documents = tuple(document for each in self._applications if (document := _document(each)) is not None)
        if documents != self._published:
            self._published = documents
            self._publish(documents)

    def __repr__(self) -> str:
        return f"<PresenceWatch: {len(self._watched)} probes, {self._asking} under way>"


def _endpoints(variant: Variant, configuration: Configuration) -> tuple[Endpoint, ...]:
    """Return the endpoints that a variant's requests go to."""
    destination = variant.destination
    cluster = configuration.find(destination.cluster, destination.port)
    if cluster is None or destination.subset is None:
        return () if cluster is None else cluster.endpoints
    subset = next((each for each in cluster.subsets if each.name == destination.subset), None)
    if subset is None:
        return ()
    return tuple(each for each in cluster.endpoints if subset.labels.items() <= each.labels.items())


def _named(block: Variants) -> Iterator[tuple[_Name, Variant]]:
    return (((block.namespace, block.name, variant.name), variant) for variant in block.variants)


def _document(application: _Application) -> Document | None:
    """Return what is known of an application's variants; of those that are not in it nothing is known yet."""
    known: list[dict[str, Any]] = []
    for variant, probes in application.probes:
        findings = [each.finding for each in probes]
        absent = next((each for each in findings if not each.present), None)
        if all(each.checked.told or each.present for each in findings):
            reason = "" if absent is None else absent.reason
            known.append({"name": variant.name, "available": absent is None, "reason": reason})
    if not known:
        return None
    block = application.block
    root = to_node(
        {
            "apiVersion": "shadowgate.io/v1",
            "kind": "Availability",
            "metadata": {"name": block.name, "namespace": block.namespace},
            "variants": known,
        },
        block.position,
    )
    return Document(root, ORIGIN)  # type: ignore[arg-type]
