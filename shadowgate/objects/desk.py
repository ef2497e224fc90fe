"""Takes changes of objects: one request at a time, each in service as a whole and kept, or without any effect.

A change is loaded as a new configuration is, beside what serves requests.  Only what could be served is written down,
and only what is written down is served; then it is acknowledged.  It is loaded together with what is in service of all
other sources, so that a file that is wrong at the moment stands in nobody's way, and every error that is found is the
change's own doing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, Protocol

from attrs import define, evolve, field, frozen
from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure

from shadowgate.compiler.snapshot import Snapshot
from shadowgate.config.catalog import Catalog
from shadowgate.config.clashes import STORE
from shadowgate.config.difference import Change as RoutingChange
from shadowgate.config.difference import difference
from shadowgate.config.pipeline import PASSED_OVER, Loaded
from shadowgate.config.secrets import redacted
from shadowgate.config.view import View
from shadowgate.errors import ConfigError, Problem
from shadowgate.loader import Closed, Offer
from shadowgate.model import Configuration
from shadowgate.model.gateways import ObjectKey
from shadowgate.objects.disk import StoreError
from shadowgate.objects.kinds import KNOWN
from shadowgate.objects.offers import Offers
from shadowgate.objects.planning import Plan, Present, plan_apply, plan_delete, retold
from shadowgate.objects.refusals import Reason, Refused
from shadowgate.objects.request import File, read_files
from shadowgate.objects.store import Store
from shadowgate.plugin import Document, Environment
from shadowgate.plugin.checks import objects as checks
from shadowgate.plugin.checks import plugins

MOST_WAITING: Final = 100
"""Requests that wait for their turn; beyond that they are refused, so that waiting has an end."""

Keep = Callable[[Loaded], Deferred[None]]

Files = Callable[[], Sequence[File]]
"""What is given, taken apart where requests do not wait for it."""


class Serving(Protocol):
    """Whoever puts configurations in service: one gateway, or the supervisor of several."""

    catalog: Catalog

    @property
    def snapshot(self) -> Snapshot: ...

    @property
    def last_load_ok(self) -> bool: ...

    @property
    def problems(self) -> tuple[Problem, ...]: ...

    @property
    def documents(self) -> tuple[Document, ...]: ...

    @property
    def generated(self) -> tuple[Document, ...]: ...

    def change(self, plan: Callable[[Offer], Offer | None], keep: Keep | None) -> Deferred[Loaded | None]: ...


@frozen
class Done:
    """What became of a request: the plan that was carried out, and what its writer should know besides."""

    plan: Plan
    warnings: Sequence[Problem]
    routing: Sequence[RoutingChange] = ()


@define(eq=False)
class Desk:
    """``store`` keeps what is applied, and ``offers`` has it offered with everything else."""

    env: Environment
    serving: Serving
    offers: Offers
    store: Store
    waiting: int = field(default=0, init=False)

    def open(self) -> None:
        """Hand over what the store has kept, for the first configuration."""
        self.offers.hold(STORE, self.store.documents, self.store.problems)

    def apply(self, files: Files, namespace: str = "", *, create: bool = False) -> Deferred[Done]:
        """Create objects, or change them to what the files say; fails with :class:`Refused`."""
        return self._change(lambda present: self._to_apply(files, namespace, present, create))

    def delete(self, find: Callable[[Present], Iterable[ObjectKey]]) -> Deferred[Done]:
        """Delete what ``find`` names among what is there; fails with :class:`Refused`."""
        return self._change(lambda present: plan_delete(list(find(present)), present))

    def compare(self, files: Files, namespace: str = "") -> Deferred[Done]:
        """Tell what applying the files would change, and change nothing; fails with :class:`Refused`."""
        return self._change(lambda present: self._to_apply(files, namespace, present, False), trial=True)

    def _to_apply(self, files: Files, namespace: str, present: Present, create: bool) -> Plan:
        wanted = read_files(files(), namespace)
        return plan_apply(wanted, present, self.store.as_kept, self.env.clock.seconds(), create)

    def _change(self, plan: Callable[[Present], Plan], *, trial: bool = False) -> Deferred[Done]:
        if self.waiting >= MOST_WAITING:
            raise Refused(Reason.TOO_MANY, f"{self.waiting} requests wait for their turn already; ask again later")
        self.waiting += 1
        request = _Request(self, plan)
        loading = self.serving.change(request.offer, None if trial else request.keep)
        loading.addCallback(request.compare if trial else request.settle)
        loading.addErrback(request.explain)
        return loading.addBoth(self._over)

    def _over(self, result: Any) -> Any:
        self.waiting -= 1
        return result


@define(eq=False)
class _Request:
    """One request on its way; its steps come in the order of the methods."""

    desk: Desk
    make_plan: Callable[[Present], Plan]
    plan: Plan = field(default=Plan(()), init=False)
    known: tuple[Problem, ...] = field(default=(), init=False)
    offered: int | None = field(default=None, init=False)
    kept: tuple[Document, ...] = field(default=(), init=False)
    warnings: Sequence[Problem] = field(default=(), init=False)

    def offer(self, served: Offer) -> Offer | None:
        """Return what would be served; in the background, when nothing else changes."""
        desk, store = self.desk, self.desk.store
        self.known = desk.serving.problems
        self.offered = desk.offers.published if desk.serving.last_load_ok else None
        self.plan = self.make_plan(Present.of(store.objects, served[0], desk.serving.generated))
        changes = self.plan.to_keep
        if not changes:
            return None
        others = tuple(document for document in served[0] if document.origin != STORE)
        self.kept = store.documents_with(changes)
        return (*others, *self.kept), served[1]

    def keep(self, loaded: Loaded) -> Deferred[None]:
        """Write it down: it can be served."""

        def write() -> None:
            self._refuse_unread(loaded)
            self.warnings = self._warnings(loaded)
            self.desk.store.keep(self.plan.to_keep)

        return self.desk.env.background(write)

    def settle(self, loaded: Loaded | None) -> Done:
        """It is served: from now on it is part of what is offered with every other change.

        What others have offered meanwhile was offered without it, and what they offered before may be waiting to be
        good: both are looked at again.
        """
        if loaded is not None:
            self._log()
            offers = self.desk.offers
            put = offers.hold if self.offered == offers.published else offers.publish
            put(STORE, self.kept)
        return Done(self.plan, self.warnings)

    def compare(self, loaded: Loaded | None) -> Deferred[Done]:
        """Tell what would be different."""
        if loaded is None:
            return succeed(Done(self.plan, ()))
        if loaded.report.failed:
            raise ConfigError(loaded.report.problems)
        serving = self.desk.serving
        before = serving.snapshot.configuration

        def compared() -> Done:
            self._refuse_unread(loaded)
            view = View(serving.catalog)
            return Done(self.plan, self._warnings(loaded), _routing(view, before, loaded.configuration))

        return self.desk.env.background(compared)

    def explain(self, failure: Failure) -> Any:
        """Tell why not, at the places of the request."""
        error = failure.value
        if isinstance(error, ConfigError):
            errors = [problem for problem in error.problems if problem.severity == "error"]
            return self.desk.env.background(lambda: self._refuse(errors))
        if isinstance(error, StoreError):
            raise Refused(Reason.NOT_STORED, f"{error}; the gateway serves what it served before")
        if isinstance(error, Closed):
            raise Refused(Reason.UNAVAILABLE, "the gateway is about to end")
        return failure

    def _log(self) -> None:
        for change in self.plan.changes:
            if change.outcome != "unchanged":
                self.desk.env.log.info("{object} {outcome}", object=change.key, outcome=change.outcome)

    def _refuse(self, errors: Sequence[Problem]) -> None:
        raise Refused(Reason.INVALID, "nothing is changed", retold(errors, self.plan))

    def _refuse_unread(self, loaded: Loaded) -> None:
        """Refuse kinds that are nobody's: what would be kept for nothing is most likely a mistake."""
        unusual = {
            change.after.position.source
            for change in self.plan.changes
            if change.after is not None and (change.key.group, change.key.kind) not in KNOWN
        }
        unread = [
            evolve(
                problem,
                severity="error",
                message=problem.message.removesuffix(PASSED_OVER),
                code=checks.NO_SUCH_KIND.code,
            )
            for problem in loaded.report.problems
            if problem.code == plugins.UNREAD.code and problem.position.source in unusual
        ]
        if unread:
            raise ConfigError(unread)

    def _warnings(self, loaded: Loaded) -> list[Problem]:
        """Return what was not so before, or is about the objects themselves."""
        known = set(self.known)
        sources = {change.after.position.source for change in self.plan.changes if change.after is not None}
        told = [
            problem
            for problem in loaded.report.problems
            if problem.severity == "warning" and (problem.position.source in sources or problem not in known)
        ]
        return retold(told, self.plan)


def _routing(view: View, before: Configuration, after: Configuration) -> tuple[RoutingChange, ...]:
    return difference(redacted(view.configuration(before)), redacted(view.configuration(after)))
