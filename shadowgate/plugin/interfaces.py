"""The extension points: one zope interface each.

A component is a frozen attrs class that implements one of them.  Its fields are its options: their names, types,
defaults and validators are the schema that a user's YAML is read against and the documentation is made from.
``compile`` runs once per configuration, never per request, and returns plain callables; it may raise ``ValueError``
with a sentence for the user.  What it returns runs on the reactor's thread and must not block.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from zope.interface import Attribute, Interface

from shadowgate.errors import Problem
from shadowgate.http.head import RequestHead
from shadowgate.plugin.documents import Document, Report
from shadowgate.plugin.records import MirrorResult
from shadowgate.plugin.values import Environment, FilterHooks, Retries, SourceHandle

Publish = Callable[[Sequence[Document], Sequence[Problem]], None]
"""How a source hands over all its documents, with the problems that it met reading them."""


class IMatcher(Interface):
    """A condition on a request."""

    def compile() -> Callable[[RequestHead], bool]:
        """Return ``RequestHead -> bool``."""


class IBalancer(Interface):
    """A choice among endpoints, or among a rule's weighted destinations: both have ``weight``.

    Called again whenever the eligible set changes.
    """

    def compile(endpoints: tuple[Any, ...], env: Environment) -> Callable[[RequestHead], Any]:  # noqa: N805
        """Return ``RequestHead -> one of endpoints, or None``.

        ``endpoints`` is a non-empty tuple of :class:`~shadowgate.plugin.values.Candidate`.
        """


class IBindingBalancer(IBalancer):
    """A balancer whose choice nobody else can stand in for: another attempt asks it again, and goes nowhere else."""


class IBalancerHooks(Interface):
    """A balancer that also has a say in requests and answers, as one that hands out a session cookie has."""

    def compile_hooks(env: Environment) -> FilterHooks:  # noqa: N805
        """Return hooks that run for the requests it balances, before it is asked to choose."""


class IRetryPolicy(Interface):
    """Whether a request is tried again after an attempt that failed, and when."""

    def compile(env: Environment) -> Retries:  # noqa: N805
        """Return a :class:`~shadowgate.plugin.values.Retries`."""


class IFilter(Interface):
    """Something done to requests and responses of a rule, of a destination or of a mirror's copies."""

    def compile(env: Environment) -> FilterHooks:  # noqa: N805
        """Return a :class:`~shadowgate.plugin.values.FilterHooks`."""


class IMirrorPolicy(Interface):
    """Which requests are shadowed: sampling and admission.

    An option called ``percent`` is shown as the mirror's odds.
    """

    def compile(env: Environment) -> Callable[[RequestHead], bool]:  # noqa: N805
        """Return ``RequestHead -> bool``; called once for every request of the mirror's rule."""


class IMirrorObserver(Interface):
    """Someone told what became of a shadow; without one, nothing of its answer is kept."""

    response_bytes = Attribute("How many bytes of each answer's body to keep for ``MirrorResult.body``; 0 for none.")

    def compile(env: Environment) -> Callable[[MirrorResult], None]:  # noqa: N805
        """Return ``MirrorResult -> None``; called once per sampled request, dropped ones included."""


class ISource(Interface):
    """A place where documents come from."""

    def compile(publish: Publish, env: Environment) -> SourceHandle:  # noqa: N805
        """Return a :class:`~shadowgate.plugin.values.SourceHandle`.

        ``publish(documents, problems)`` takes all documents of the source each time any of them changes.
        """


class IGenerator(Interface):
    """Documents made out of documents: what others would have a controller write.

    It runs before the dialects, once for each configuration, and what it gives is read by them as if somebody had
    written it.  It is given no document that a generator made.
    """

    kinds = Attribute("The ``(API group, kind)`` pairs that it looks at.")

    def generate(documents: Sequence[Document], report: Report) -> Iterable[Document]:  # noqa: N805
        """Return an iterable of documents; problems go to ``report``.

        ``documents`` are all those of its kinds, in the order of reading.  The answer depends on them alone: the same
        documents always make the same ones, in every process that is asked.
        """


class IDialect(Interface):
    """A language of configuration: what some kinds of documents mean."""

    kinds = Attribute("The ``(API group, kind)`` pairs that it reads; ``('', '')`` is a document without a kind.")

    def translate(document: Document, report: Report) -> Iterable[Any]:  # noqa: N805
        """Return an iterable of model fragments for one document; problems go to ``report``."""
