"""What every component of an extension point has to do, as test classes to inherit.

    class TestHeaderIn(MatcherContract):
        def make(self):
            return HeaderIn(name="x-canary", values=("1",))

``make`` returns a component that does something; the suite calls it anew for every test.  The classes need nothing
but ``assert``: they run under pytest as they are, and under trial with ``unittest.TestCase`` as a second parent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar

import attrs
from twisted.internet.defer import Deferred
from zope.interface.interface import InterfaceClass
from zope.interface.verify import verifyClass, verifyObject

from shadowgate.http.fields import FRAMING, HOP_BY_HOP
from shadowgate.http.grammar import check_field_line, check_request_line
from shadowgate.http.head import RequestHead, ResponseHead
from shadowgate.http.headers import Headers
from shadowgate.plugin.documents import Document, Report
from shadowgate.plugin.interfaces import (
    IBalancer,
    IBalancerHooks,
    IFilter,
    IGenerator,
    IMatcher,
    IMirrorObserver,
    IMirrorPolicy,
    IRetryPolicy,
)
from shadowgate.plugin.records import MirrorResult
from shadowgate.plugin.schema import describe
from shadowgate.plugin.values import Attempt, FilterHooks, Reply, Retries
from shadowgate.plugin.yaml import read_text
from shadowgate.testing.messages import exchange_record, mirror_result, request, response
from shadowgate.testing.surroundings import FakeCandidate, candidates, environment

ROUNDS = 200
"""How often a decision that may depend on chance is asked for."""


class ComponentContract:
    """What holds for all of them; inherit from one of the classes below."""

    interface: ClassVar[InterfaceClass]

    def make(self) -> Any:
        """Return a component to test, with whatever options."""
        raise NotImplementedError(f"{type(self).__name__}.make returns the component that is to be tested")

    def heads(self) -> Iterable[RequestHead]:
        """Return requests to try; override it to add those that your component looks at."""
        return (
            request(),
            request("POST", "/path/to?key=value&key=&%6Bey=%20", {"Content-Type": "text/plain", "Cookie": "a=1; b=2"}),
            request("OPTIONS", "*"),
            request("get", "/%2e%2e//;x?", [("X-Twice", "1"), ("x-twice", "2"), ("X-Empty", ""), ("X-Raw", b"\xff")]),
            request(authority="[2001:db8::1]:8080", peer="2001:db8::2", scheme="https"),
            RequestHead(b"GET", b"/", 10, Headers()),
        )

    def test_the_component_is_a_frozen_attrs_class(self) -> None:
        component = self.make()
        assert attrs.has(type(component)), (
            f"{type(component).__name__} is not an attrs class; its fields are its options"
        )
        options = [option for option in attrs.fields(type(component)) if option.init]
        for option in options:
            try:
                setattr(component, option.name, getattr(component, option.name))
            except attrs.exceptions.FrozenInstanceError:
                continue
            raise AssertionError(f"{type(component).__name__}.{option.name} can be changed; decorate it with @frozen")

    def test_the_component_provides_its_interface(self) -> None:
        component = self.make()
        verifyClass(self.interface, type(component))
        verifyObject(self.interface, component)

    def test_every_option_can_be_written_and_says_what_it_is_for(self) -> None:
        undocumented = [option.name for option in describe(type(self.make())) if not option.doc]
        assert not undocumented, f'give these options metadata={{"doc": "..."}}: {", ".join(undocumented)}'


class MatcherContract(ComponentContract):
    """A matcher: ``compile()`` gives ``RequestHead -> bool``."""

    interface = IMatcher

    def test_a_matcher_answers_true_or_false(self) -> None:
        matches = self.make().compile()
        for head in self.heads():
            assert type(matches(head)) is bool, f"{matches(head)!r} for {head!r}"

    def test_a_matcher_leaves_the_request_alone(self) -> None:
        _assert_heads_survive(self.heads(), self.make().compile())

    def test_a_matcher_answers_the_same_for_the_same_request(self) -> None:
        component = self.make()
        first, second = component.compile(), component.compile()
        for head in self.heads():
            assert first(head) == first(head) == second(head), f"{head!r}"


class BalancerContract(ComponentContract):
    """A balancer: ``compile(endpoints, env)`` gives ``RequestHead -> one of them, or None``."""

    interface = IBalancer

    def endpoints(self) -> Iterable[tuple[FakeCandidate, ...]]:
        """Return sets to choose from."""
        busy = candidates("a", "b", "c")
        busy[1].in_flight = 1000
        return (
            candidates("only"),
            candidates(("only", 0)),
            candidates("a", "b", "c"),
            candidates(("a", 90), ("b", 10), ("never", 0)),
            candidates(("a", 0), ("b", 0)),
            candidates("same", "same"),
            busy,
        )

    def test_a_balancer_picks_one_of_the_endpoints_or_none(self) -> None:
        for endpoints in self.endpoints():
            pick = self.make().compile(endpoints, environment())
            for head in self.heads():
                for _ in range(ROUNDS):
                    picked = pick(head)
                    assert picked is None or any(picked is each for each in endpoints), f"{picked!r} of {endpoints!r}"

    def test_a_balancer_can_do_with_a_single_endpoint(self) -> None:
        only = candidates("only")
        pick = self.make().compile(only, environment())
        for head in self.heads():
            picked = pick(head)
            assert picked is None or picked is only[0], f"{picked!r}"

    def test_a_balancer_leaves_the_request_alone(self) -> None:
        _assert_heads_survive(self.heads(), self.make().compile(candidates("a", ("b", 2)), environment()))

    def test_two_compiled_balancers_do_not_disturb_each_other(self) -> None:
        component = self.make()
        for endpoints in self.endpoints():
            first, second = (component.compile(endpoints, environment()) for _ in range(2))
            _assert_independent(self.heads(), first, second)

    def test_the_hooks_of_a_balancer_leave_messages_that_can_be_sent(self) -> None:
        balancer = self.make()
        pick = balancer.compile(candidates("a", "b"), environment())
        if IBalancerHooks.providedBy(balancer):
            hooks = balancer.compile_hooks(environment())
            assert isinstance(hooks, FilterHooks), f"compile_hooks returned {hooks!r}"
            for head in self.heads():
                if hooks.on_request is not None:
                    answer = hooks.on_request(head)
                    assert answer is None or isinstance(answer, Reply), f"{answer!r} for {head!r}"
                    _assert_sendable(head)
                pick(head)
                if hooks.on_response is not None:
                    _assert_response_hook(hooks.on_response, head)


class RetryPolicyContract(ComponentContract):
    """A retry policy: ``compile(env)`` gives :class:`~shadowgate.plugin.Retries`."""

    interface = IRetryPolicy

    def attempts(self) -> Iterable[Attempt]:
        """Return attempts to decide about; override it to add those that your component looks at."""
        for head in self.heads():
            for number in (1, 2, 3, 100):
                for outcome in ("connect_refused", "upstream_reset", "attempt_timeout", "some_outcome_of_the_future"):
                    yield Attempt(head, number, outcome)
                for status in (200, 404, 409, 429, 500, 503):
                    yield Attempt(head, number, "completed", response(status))
                yield Attempt(head, number, "completed", response(headers={"grpc-status": "14"}))

    def retries(self) -> Retries:
        """Return what a new component compiles to."""
        retries = self.make().compile(environment())
        assert isinstance(retries, Retries), f"compile returned {retries!r}"
        return retries

    def test_a_policy_says_how_many_further_attempts_there_can_be(self) -> None:
        retries = self.retries()
        assert type(retries.most) is int and retries.most >= 0, f"most is {retries.most!r}"
        assert type(retries.elsewhere) is bool, f"elsewhere is {retries.elsewhere!r}"

    def test_a_policy_decides_by_seconds_or_none(self) -> None:
        retries = self.retries()
        for attempt in self.attempts():
            pause = retries.decide(attempt)
            sound = pause is None or (isinstance(pause, int | float) and 0 <= pause < float("inf"))
            assert sound, f"{pause!r} for {attempt!r}"

    def test_a_policy_leaves_the_messages_alone(self) -> None:
        retries = self.retries()
        for attempt in self.attempts():
            before = _frozen_head(attempt.request), _frozen_answer(attempt.response)
            retries.decide(attempt)
            assert (_frozen_head(attempt.request), _frozen_answer(attempt.response)) == before, f"{attempt!r}"

    def test_two_compiled_policies_do_not_disturb_each_other(self) -> None:
        component = self.make()
        first, second = (component.compile(environment()) for _ in range(2))
        attempts = list(self.attempts())
        alone = [first.decide(attempt) for attempt in attempts]
        assert [second.decide(attempt) for attempt in attempts] == alone, (
            "two compilations of one component share state"
        )


class MirrorPolicyContract(ComponentContract):
    """A mirror policy: ``compile(env)`` gives ``RequestHead -> bool``."""

    interface = IMirrorPolicy

    def test_a_policy_answers_true_or_false(self) -> None:
        decide = self.make().compile(environment())
        for head in self.heads():
            for _ in range(ROUNDS):
                decided = decide(head)
                assert type(decided) is bool, f"{decided!r} for {head!r}"

    def test_a_policy_leaves_the_request_alone(self) -> None:
        _assert_heads_survive(self.heads(), self.make().compile(environment()))

    def test_two_compiled_policies_do_not_disturb_each_other(self) -> None:
        component = self.make()
        _assert_independent(self.heads(), component.compile(environment()), component.compile(environment()))


class FilterContract(ComponentContract):
    """A filter: ``compile(env)`` gives :class:`~shadowgate.plugin.FilterHooks`."""

    interface = IFilter

    def hooks(self) -> FilterHooks:
        """Return the hooks of a new component."""
        hooks = self.make().compile(environment())
        assert isinstance(hooks, FilterHooks), f"compile returned {hooks!r}"
        return hooks

    def test_a_filter_has_at_least_one_hook(self) -> None:
        hooks = attrs.asdict(self.hooks(), recurse=False)
        assert type(hooks.pop("pure")) is bool, "pure is true or false"
        assert any(hooks.values()), "make returns a filter that does nothing"
        assert all(hook is None or callable(hook) for hook in hooks.values()), f"{hooks!r}"

    def test_a_filter_that_is_pure_does_the_same_to_the_same_request(self) -> None:
        if self.hooks().pure:
            compiled = [self.make().compile(environment(seed=seed)).on_request for seed in (1, 1, 2)]
            for head in self.heads():
                tried = [head.copy() for _ in compiled]
                replies = [hook and hook(each) for hook, each in zip(compiled, tried, strict=True)]
                found = [(reply, _frozen_head(each)) for reply, each in zip(replies, tried, strict=True)]
                assert found[0] == found[1] == found[2], f"{head!r}: {found!r}"

    def test_a_request_hook_returns_a_reply_or_none_and_leaves_a_request_that_can_be_sent(self) -> None:
        hook = self.hooks().on_request
        if hook is not None:
            for head in self.heads():
                answer = hook(head)
                assert answer is None or isinstance(answer, Reply), f"{answer!r} for {head!r}"
                _assert_sendable(head)

    def test_a_waiting_request_hook_returns_a_deferred(self) -> None:
        hook = self.hooks().on_request_later
        if hook is not None:
            for head in self.heads():
                waiting = hook(head)
                assert isinstance(waiting, Deferred), f"{waiting!r} for {head!r}"
                waiting.addErrback(lambda failure: None)
                waiting.cancel()

    def test_a_response_hook_returns_nothing_and_leaves_a_response_that_can_be_sent(self) -> None:
        hook = self.hooks().on_response
        if hook is not None:
            for head in self.heads():
                _assert_response_hook(hook, head)

    def test_body_hooks_return_a_transform_or_none(self) -> None:
        hooks = self.hooks()
        for head in self.heads():
            made = [hooks.request_body(head)] if hooks.request_body else []
            made += [hooks.response_body(head, answer) for answer in _answers()] if hooks.response_body else []
            for transform in made:
                if transform is not None:
                    chunks = [transform(b"first", False), transform(b"", False), transform(b"last", True)]
                    assert all(isinstance(chunk, bytes) for chunk in chunks), f"{chunks!r}"

    def test_a_hook_for_the_end_returns_nothing(self) -> None:
        hook = self.hooks().on_done
        if hook is not None:
            for head in self.heads():
                for status, outcome in ((200, "completed"), (503, "connect_failed"), (499, "client_gone")):
                    assert hook(exchange_record(head, status=status, outcome=outcome)) is None


class MirrorObserverContract(ComponentContract):
    """A mirror observer: ``compile(env)`` gives ``MirrorResult -> None``."""

    interface = IMirrorObserver

    def results(self) -> Iterable[MirrorResult]:
        """Return what to tell the observer."""
        body = b"x" * min(self.make().response_bytes, 64)
        for head in self.heads():
            yield mirror_result(of=head, body=body)
            yield mirror_result(of=head, status=503, headers=[("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")])
            yield mirror_result("failed", of=head, reason="reset")
            yield mirror_result("dropped", of=head, reason="budget")

    def test_an_observer_says_how_much_of_a_body_it_wants(self) -> None:
        wanted = self.make().response_bytes
        assert type(wanted) is int and wanted >= 0, f"response_bytes is {wanted!r}"

    def test_an_observer_takes_every_outcome_and_returns_nothing(self) -> None:
        observe = self.make().compile(environment())
        for result in self.results():
            assert observe(result) is None, f"{result!r}"

    def test_an_observer_leaves_the_messages_alone(self) -> None:
        observe = self.make().compile(environment())
        for result in self.results():
            before = _frozen_head(result.request), _frozen_answer(result.response)
            observe(result)
            assert (_frozen_head(result.request), _frozen_answer(result.response)) == before


class GeneratorContract(ComponentContract):
    """A generator: ``generate(documents, report)`` gives documents, and the same ones for the same documents."""

    interface = IGenerator

    def texts(self) -> Iterable[str]:
        """Return YAML to try; override it with documents that your generator makes something of."""
        return ("", "{}", "{apiVersion: v1, kind: ConfigMap, metadata: {name: settings}, data: {key: value}}")

    def given(self) -> Iterable[tuple[Document, ...]]:
        kinds = set(self.make().kinds)
        for text in self.texts():
            documents = read_text(text, "contract.yaml", Report())
            yield tuple(each for each in documents if (each.group, each.kind) in kinds)

    def test_a_generator_names_the_kinds_that_it_looks_at(self) -> None:
        kinds = list(self.make().kinds)
        assert kinds and all(isinstance(group, str) and isinstance(kind, str) for group, kind in kinds), f"{kinds!r}"

    def test_a_generator_makes_documents(self) -> None:
        for documents in self.given():
            for made in self.make().generate(documents, Report()):
                assert isinstance(made, Document), f"{made!r} of {documents!r}"
                assert made.kind and made.api_version, f"{made!r} is of no kind"

    def test_a_generator_makes_the_same_of_the_same(self) -> None:
        component, other = self.make(), self.make()
        for documents in self.given():
            reports = Report(), Report(), Report()
            first, again = (tuple(component.generate(documents, report)) for report in reports[:2])
            assert first == again == tuple(other.generate(documents, reports[2])), f"of {documents!r}"
            assert reports[0].problems == reports[1].problems == reports[2].problems

    def test_a_generator_makes_nothing_of_nothing(self) -> None:
        report = Report()
        assert tuple(self.make().generate((), report)) == ()
        assert report.problems == []


def _answers() -> tuple[ResponseHead, ...]:
    return (
        response(),
        response(404, {"Content-Type": "text/plain", "Server": "upstream"}, reason="Not Found"),
        response(302, [("Location", "/other"), ("Set-Cookie", "a=1"), ("set-cookie", "b=2")]),
    )


def _assert_independent(
    heads: Iterable[RequestHead], first: Callable[[RequestHead], Any], second: Callable[[RequestHead], Any]
) -> None:
    """Ask two that had the same chance: what one was asked must not show in the answers of the other."""
    asked = [head for head in heads for _ in range(ROUNDS)]
    alone = [first(head) for head in asked]
    assert [second(head) for head in asked] == alone, "two compilations of one component share state"


def _assert_heads_survive(heads: Iterable[RequestHead], ask: Callable[[RequestHead], Any]) -> None:
    for head in heads:
        before = _frozen_head(head)
        ask(head)
        assert _frozen_head(head) == before, f"{head!r} was changed"


def _frozen_head(head: RequestHead) -> tuple[Any, ...]:
    return (
        *(head.method, head.target, head.path, head.version, head.authority),
        *(head.scheme, head.peer, head.local, head.listener),
        tuple(head.headers.pairs),
    )


def _frozen_answer(head: ResponseHead | None) -> tuple[Any, ...] | None:
    return None if head is None else (head.status, head.reason, head.version, tuple(head.headers.pairs))


def _assert_response_hook(hook: Callable[[RequestHead, ResponseHead], Any], head: RequestHead) -> None:
    """Ask the hook about several answers to a request; what it makes of them has to be an answer still."""
    for answer in _answers():
        assert hook(head, answer) is None, "on_response changes the response in place"
        assert 200 <= answer.status <= 600, f"{answer!r}"
        _assert_fields(answer.headers)


def _assert_sendable(head: RequestHead) -> None:
    """Assert what the gateway relies on when it writes a request's head."""
    check_request_line(head.method + b" " + head.target + b" HTTP/1.1")
    assert head.target.startswith(b"/") or head.target == b"*", f"target {head.target!r}"
    assert head.path == head.target.partition(b"?")[0], f"path {head.path!r} of {head.target!r}; use retarget"
    _assert_fields(head.headers)
    host = head.headers.get(b"host")
    assert host is None or host == head.authority, f"Host {host!r}, authority {head.authority!r}; use set_authority"


def _assert_fields(headers: Headers) -> None:
    for name, value in headers.pairs:
        check_field_line(name + b": " + value)
        assert name.lower() not in HOP_BY_HOP | FRAMING, f"{name!r} is the gateway's own business"
    assert headers.index == Headers(headers.pairs).index, (
        "the index is not that of the pairs; call changed() after editing them"
    )
