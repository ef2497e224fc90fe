"""The contracts hold for good components, and each of their tests fails for one that breaks what it asks for."""

import unittest
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from attrs import define, field, frozen
from twisted.internet.defer import Deferred, succeed
from zope.interface import implementer

from shadowgate.plugin import (
    FilterHooks,
    IBalancer,
    IBalancerHooks,
    IFilter,
    IGenerator,
    IMatcher,
    IMirrorObserver,
    IMirrorPolicy,
    IRetryPolicy,
    Reply,
    Report,
    Retries,
)
from shadowgate.plugin.yaml import read_text
from shadowgate.testing import (
    BalancerContract,
    FilterContract,
    GeneratorContract,
    MatcherContract,
    MirrorObserverContract,
    MirrorPolicyContract,
    RetryPolicyContract,
)


@implementer(IMatcher)
@frozen
class AMatcher:
    matches: Callable[[Any], Any] = field(default=lambda head: True, init=False)

    def compile(self):
        return self.matches


@implementer(IBalancer)
@frozen
class ABalancer:
    choose: Callable[[Any], Any] = field(default=lambda endpoints: endpoints[0], init=False)

    def compile(self, endpoints, env):
        return lambda head: self.choose(endpoints)


@implementer(IBalancer, IBalancerHooks)
@frozen
class ABalancerWithHooks(ABalancer):
    hooks: Any = field(default=FilterHooks(), init=False)

    def compile_hooks(self, env):
        return self.hooks


@implementer(IRetryPolicy)
@frozen
class ARetryPolicy:
    retries: Any = field(default=Retries(lambda attempt: 0.5 if attempt.number < 3 else None, 2), init=False)

    def compile(self, env):
        return self.retries


@implementer(IMirrorPolicy)
@frozen
class APolicy:
    decide: Callable[[Any], Any] = field(default=lambda head: True, init=False)

    def compile(self, env):
        return self.decide


@implementer(IFilter)
@frozen
class AFilter:
    hooks: Any = field(default=FilterHooks(on_request=lambda head: None), init=False)

    def compile(self, env):
        return self.hooks


@implementer(IGenerator)
@frozen
class AGenerator:
    make: Callable[[Any], Any] = field(default=lambda documents: documents, init=False)
    kinds: Any = field(default=(("", "ConfigMap"),), init=False)

    def generate(self, documents, report):
        return self.make(documents)


@implementer(IMirrorObserver)
@frozen
class AnObserver:
    observe: Callable[[Any], Any] = field(default=lambda result: None, init=False)
    response_bytes: int = field(default=16, metadata={"doc": "Bytes of each body to look at."})

    def compile(self, env):
        return self.observe


COUNT = count()


def doing(component_class, **behaviour):
    """Return a component with other behaviour than its class has, which no option could give it."""
    component = component_class()
    for name, value in behaviour.items():
        object.__setattr__(component, name, value)
    return component


def failures(contract, make):
    """Return the names of the contract's tests that fail for what ``make`` returns."""
    suite = type("Suite", (contract,), {"make": lambda self: make()})()
    failed = set()
    for name in dir(suite):
        if name.startswith("test_"):
            try:
                getattr(suite, name)()
            except Exception:
                failed.add(name)
    return failed


CONTRACTS = [
    (MatcherContract, AMatcher),
    (BalancerContract, ABalancer),
    (BalancerContract, ABalancerWithHooks),
    (RetryPolicyContract, ARetryPolicy),
    (MirrorPolicyContract, APolicy),
    (FilterContract, AFilter),
    (MirrorObserverContract, AnObserver),
    (GeneratorContract, AGenerator),
]


@pytest.mark.parametrize(("contract", "component_class"), CONTRACTS)
def test_a_good_component_keeps_its_contract(contract, component_class):
    assert failures(contract, component_class) == set()


def test_a_component_that_can_be_changed_is_found_out():
    @implementer(IMatcher)
    @define
    class Changeable:
        size: int = field(default=1, metadata={"doc": "Something."})

        def compile(self):
            return lambda head: True

    assert failures(MatcherContract, Changeable) == {"test_the_component_is_a_frozen_attrs_class"}


def test_a_suite_runs_under_unittest_too():
    class Suite(MatcherContract, unittest.TestCase):
        def make(self):
            return AMatcher()

    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(Suite).run(result)
    assert result.wasSuccessful()
    assert result.testsRun == 6


def test_a_class_without_attrs_is_found_out():
    @implementer(IMatcher)
    class Plain:
        def compile(self):
            return lambda head: True

    assert "test_the_component_is_a_frozen_attrs_class" in failures(MatcherContract, Plain)


def test_a_component_that_does_not_say_its_interface_is_found_out():
    @frozen
    class Silent:
        def compile(self):
            return lambda head: True

    assert failures(MatcherContract, Silent) == {"test_the_component_provides_its_interface"}


def test_a_component_of_another_interface_is_found_out():
    assert "test_the_component_provides_its_interface" in failures(MatcherContract, APolicy)


def test_an_option_without_a_word_about_it_is_found_out():
    @implementer(IMatcher)
    @frozen
    class Terse:
        size: int = 1

        def compile(self):
            return lambda head: True

    assert failures(MatcherContract, Terse) == {"test_every_option_can_be_written_and_says_what_it_is_for"}


def test_an_option_that_yaml_cannot_give_is_found_out():
    @implementer(IMatcher)
    @frozen
    class Odd:
        size: complex = field(default=1j, metadata={"doc": "Something."})

        def compile(self):
            return lambda head: True

    assert failures(MatcherContract, Odd) == {"test_every_option_can_be_written_and_says_what_it_is_for"}


def test_a_suite_without_a_component_says_what_is_missing():
    class Unfinished(MatcherContract):
        pass

    with pytest.raises(NotImplementedError, match=r"Unfinished\.make returns the component"):
        Unfinished().test_a_matcher_answers_true_or_false()


def rename(head):
    head.headers.set(b"X-Changed", b"1")
    return True


def test_a_matcher_that_answers_something_else_than_true_or_false_is_found_out():
    assert failures(MatcherContract, lambda: doing(AMatcher, matches=lambda head: head.method)) == {
        "test_a_matcher_answers_true_or_false"
    }


def test_a_matcher_that_changes_the_request_is_found_out():
    assert failures(MatcherContract, lambda: doing(AMatcher, matches=rename)) == {
        "test_a_matcher_leaves_the_request_alone"
    }


def test_a_matcher_that_changes_its_mind_is_found_out():
    answers = iter([True, False] * 1000)
    assert failures(MatcherContract, lambda: doing(AMatcher, matches=lambda head: next(answers))) == {
        "test_a_matcher_answers_the_same_for_the_same_request"
    }


def test_a_balancer_that_picks_a_stranger_is_found_out():
    assert failures(BalancerContract, lambda: doing(ABalancer, choose=lambda endpoints: "b")) == {
        "test_a_balancer_picks_one_of_the_endpoints_or_none",
        "test_a_balancer_can_do_with_a_single_endpoint",
    }


def test_a_balancer_that_needs_two_endpoints_is_found_out():
    assert "test_a_balancer_can_do_with_a_single_endpoint" in failures(
        BalancerContract, lambda: doing(ABalancer, choose=lambda endpoints: endpoints[1])
    )


def test_a_balancer_may_pick_none():
    assert failures(BalancerContract, lambda: doing(ABalancer, choose=lambda endpoints: None)) == set()


def test_balancers_that_share_their_turns_are_found_out():
    turns = count()

    def choose(endpoints):
        return endpoints[-1] if next(turns) // 700 % 2 else endpoints[0]

    assert failures(BalancerContract, lambda: doing(ABalancer, choose=choose)) == {
        "test_two_compiled_balancers_do_not_disturb_each_other"
    }


HOOKS = "test_the_hooks_of_a_balancer_leave_messages_that_can_be_sent"


@pytest.mark.parametrize(
    "hooks",
    [
        None,
        FilterHooks(on_request=lambda head: 404),
        FilterHooks(on_request=lambda head: head.headers.set(b"X A", b"1")),
        FilterHooks(on_response=lambda head, answer: answer),
        FilterHooks(on_response=lambda head, answer: answer.headers.add(b"Set-Cookie", b"a=1\n")),
    ],
)
def test_a_balancer_whose_hooks_break_a_promise_is_found_out(hooks):
    assert failures(BalancerContract, lambda: doing(ABalancerWithHooks, hooks=hooks)) == {HOOKS}


MOST = "test_a_policy_says_how_many_further_attempts_there_can_be"
SECONDS = "test_a_policy_decides_by_seconds_or_none"


@pytest.mark.parametrize(
    ("retries", "failed"),
    [
        (Retries(lambda attempt: None, -1), MOST),
        (Retries(lambda attempt: None, 1.5), MOST),
        (Retries(lambda attempt: None, 2, elsewhere="yes"), MOST),
        (Retries(lambda attempt: -1, 2), SECONDS),
        (Retries(lambda attempt: float("inf"), 2), SECONDS),
        (Retries(lambda attempt: "1s", 2), SECONDS),
        (Retries(lambda attempt: rename(attempt.request) and None, 2), "test_a_policy_leaves_the_messages_alone"),
    ],
)
def test_a_retry_policy_that_breaks_a_promise_is_found_out_by_one_test(retries, failed):
    assert failures(RetryPolicyContract, lambda: doing(ARetryPolicy, retries=retries)) == {failed}


def test_a_retry_policy_that_compiles_to_something_else_is_found_out():
    assert MOST in failures(RetryPolicyContract, lambda: doing(ARetryPolicy, retries=3))


def test_a_retry_policy_that_knows_only_the_outcomes_of_today_is_found_out():
    known = {"connect_refused": 1.0, "upstream_reset": 1.0, "attempt_timeout": 1.0, "completed": None}
    retries = Retries(lambda attempt: known[attempt.outcome], 2)
    assert SECONDS in failures(RetryPolicyContract, lambda: doing(ARetryPolicy, retries=retries))


def test_retry_policies_that_share_a_count_are_found_out():
    turns = count()
    retries = Retries(lambda attempt: float(next(turns)), 2)
    assert failures(RetryPolicyContract, lambda: doing(ARetryPolicy, retries=retries)) == {
        "test_two_compiled_policies_do_not_disturb_each_other"
    }


def test_a_policy_that_answers_a_number_is_found_out():
    assert failures(MirrorPolicyContract, lambda: doing(APolicy, decide=lambda head: 1)) == {
        "test_a_policy_answers_true_or_false"
    }


def test_a_policy_that_changes_the_request_is_found_out():
    assert "test_a_policy_leaves_the_request_alone" in failures(
        MirrorPolicyContract, lambda: doing(APolicy, decide=rename)
    )


def test_policies_that_share_a_count_are_found_out():
    turns = count()
    assert failures(MirrorPolicyContract, lambda: doing(APolicy, decide=lambda head: next(turns) // 700 % 2 == 1)) == {
        "test_two_compiled_policies_do_not_disturb_each_other"
    }


REQUEST = "test_a_request_hook_returns_a_reply_or_none_and_leaves_a_request_that_can_be_sent"
RESPONSE = "test_a_response_hook_returns_nothing_and_leaves_a_response_that_can_be_sent"


@pytest.mark.parametrize(
    ("hooks", "failed"),
    [
        (None, None),
        (FilterHooks(), "test_a_filter_has_at_least_one_hook"),
        (FilterHooks(on_request=lambda head: 404), REQUEST),
        (FilterHooks(on_request=lambda head: head.retarget(b"new")), REQUEST),
        (FilterHooks(on_request=lambda head: head.retarget(b"/a b")), REQUEST),
        (FilterHooks(on_request=lambda head: setattr(head, "method", b"")), REQUEST),
        (FilterHooks(on_request=lambda head: setattr(head, "authority", b"other")), REQUEST),
        (FilterHooks(on_request=lambda head: head.headers.set(b"X-A", b"1\r\nX-B: 2")), REQUEST),
        (FilterHooks(on_request=lambda head: head.headers.set(b"X A", b"1")), REQUEST),
        (FilterHooks(on_request=lambda head: head.headers.set(b"Content-Length", b"1")), REQUEST),
        (
            FilterHooks(on_request=lambda head: bool(head.headers.index) and head.headers.pairs.append((b"X", b""))),
            REQUEST,
        ),
        (FilterHooks(on_response=lambda head, answer: answer), RESPONSE),
        (FilterHooks(on_response=lambda head, answer: setattr(answer, "status", 99)), RESPONSE),
        (FilterHooks(on_response=lambda head, answer: answer.headers.add(b"X-A", b"\n")), RESPONSE),
        (FilterHooks(on_request_later=lambda head: None), "test_a_waiting_request_hook_returns_a_deferred"),
        (FilterHooks(request_body=lambda head: lambda chunk, last: None), "test_body_hooks_return_a_transform_or_none"),
        (FilterHooks(response_body=lambda head, answer: "x"), "test_body_hooks_return_a_transform_or_none"),
        (FilterHooks(on_done=lambda record: record), "test_a_hook_for_the_end_returns_nothing"),
    ],
)
def test_a_filter_that_breaks_a_promise_is_found_out_by_one_test(hooks, failed):
    found = failures(FilterContract, lambda: doing(AFilter, hooks=hooks))
    if failed is None:
        assert "test_a_filter_has_at_least_one_hook" in found
    else:
        assert found == {failed}


def test_a_filter_that_says_it_is_pure_and_is_not_is_found_out():
    turns = count()
    number = FilterHooks(on_request=lambda head: head.headers.set(b"X-Turn", b"%d" % next(turns)), pure=True)
    assert failures(FilterContract, lambda: doing(AFilter, hooks=number)) == {
        "test_a_filter_that_is_pure_does_the_same_to_the_same_request"
    }


def test_a_filter_that_is_pure_may_change_the_head_and_answer():
    hooks = FilterHooks(on_request=lambda head: Reply(404) if head.method == b"GET" else None, pure=True)
    assert failures(FilterContract, lambda: doing(AFilter, hooks=hooks)) == set()


def test_a_filter_may_use_every_hook():
    def shout(chunk, last):
        return chunk.upper()

    hooks = FilterHooks(
        on_request=lambda head: Reply(204),
        on_request_later=lambda head: succeed(None),
        on_response=lambda head, answer: answer.headers.add(b"X-A", b"1"),
        request_body=lambda head: shout,
        response_body=lambda head, answer: None if answer.status == 302 else shout,
        on_done=lambda record: None,
    )
    assert failures(FilterContract, lambda: doing(AFilter, hooks=hooks)) == set()


def test_a_hook_that_waits_is_cancelled():
    waiting = []

    def wait(head):
        waiting.append(Deferred())
        return waiting[-1]

    assert failures(FilterContract, lambda: doing(AFilter, hooks=FilterHooks(on_request_later=wait))) == set()
    assert waiting
    assert all(deferred.called for deferred in waiting)


TAKES = "test_an_observer_takes_every_outcome_and_returns_nothing"


def test_an_observer_that_expects_an_answer_every_time_is_found_out():
    broken = {TAKES, "test_an_observer_leaves_the_messages_alone"}
    make = lambda: doing(AnObserver, observe=lambda result: result.response.status and None)  # noqa: E731
    assert failures(MirrorObserverContract, make) == broken


def test_an_observer_that_returns_something_is_found_out():
    assert failures(MirrorObserverContract, lambda: doing(AnObserver, observe=lambda result: 1)) == {TAKES}


def test_an_observer_that_changes_the_request_is_found_out():
    assert failures(
        MirrorObserverContract,
        lambda: doing(AnObserver, observe=lambda result: result.request.headers.set(b"X-A", b"1")),
    ) == {"test_an_observer_leaves_the_messages_alone"}


def test_an_observer_that_wants_less_than_nothing_is_found_out():
    assert failures(MirrorObserverContract, lambda: AnObserver(response_bytes=-1)) == {
        "test_an_observer_says_how_much_of_a_body_it_wants"
    }


NOTHING_OF_NOTHING = "test_a_generator_makes_nothing_of_nothing"
DOCUMENTS = "test_a_generator_makes_documents"
THE_SAME = "test_a_generator_makes_the_same_of_the_same"


@pytest.mark.parametrize(
    ("behaviour", "failed"),
    [
        ({"kinds": ()}, "test_a_generator_names_the_kinds_that_it_looks_at"),
        ({"kinds": (("", None),)}, "test_a_generator_names_the_kinds_that_it_looks_at"),
        ({"make": lambda documents: ["text"]}, DOCUMENTS),
        ({"make": lambda documents: read_text("{metadata: {name: a}}", "f", Report())}, DOCUMENTS),
        ({"make": lambda documents: read_text("{apiVersion: v1, kind: A}", "f", Report())}, NOTHING_OF_NOTHING),
        ({"make": lambda documents: documents and documents[: next(COUNT) % 2]}, THE_SAME),
    ],
)
def test_a_generator_that_breaks_its_contract_is_found_out(behaviour, failed):
    assert failed in failures(GeneratorContract, lambda: doing(AGenerator, **behaviour))
