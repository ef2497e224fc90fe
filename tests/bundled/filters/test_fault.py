import pytest
from twisted.internet.defer import CancelledError
from twisted.internet.task import Clock

from shadowgate.bundled.filters.fault import Fault
from shadowgate.errors import ConfigError
from shadowgate.testing import compile_component, environment, from_yaml, request

HEAD = request()


def test_an_abort_answers_with_its_status_and_says_who_it_was():
    reply = compile_component(Fault, abort={"status": 503}).on_request(HEAD)
    assert (reply.status, reply.body) == (503, b"fault filter abort")
    assert reply.headers == ((b"Content-Type", b"text/plain"),)


@pytest.mark.parametrize("status", [204, 205, 304])
def test_an_answer_that_has_no_body_gets_none(status):
    reply = compile_component(Fault, abort={"status": status}).on_request(HEAD)
    assert (reply.status, reply.body, reply.headers) == (status, b"", ())


@pytest.mark.parametrize(
    ("name", "number"), [("OK", b"0"), ("CANCELLED", b"1"), ("UNAVAILABLE", b"14"), ("UNAUTHENTICATED", b"16")]
)
def test_a_grpc_status_is_a_field_of_an_answer_without_a_body(name, number):
    reply = compile_component(Fault, abort={"grpc_status": name}).on_request(HEAD)
    assert (reply.status, reply.body) == (200, b"")
    assert reply.headers == (
        (b"Content-Type", b"application/grpc"),
        (b"grpc-status", number),
        (b"grpc-message", b"fault filter abort"),
    )


def test_only_so_many_requests_are_aborted_each_by_a_roll_of_its_own():
    hook = compile_component(Fault, abort={"status": 500, "percent": 10}).on_request
    rolled = [hook(HEAD) is not None for _ in range(10_000)]
    assert abs(sum(rolled) - 1000) < 3 * (10_000 * 0.1 * 0.9) ** 0.5


@pytest.mark.parametrize(("percent", "aborted"), [(0, 0), (0.0001, 0), (100, 500)])
def test_none_is_none_and_all_is_all(percent, aborted):
    hook = compile_component(Fault, abort={"status": 500, "percent": percent}).on_request
    assert sum(hook(HEAD) is not None for _ in range(500)) == aborted


@pytest.mark.parametrize(("percent", "roll", "aborted"), [(0.0001, 0.00000099, True), (0.0001, 0.000001, False)])
def test_a_percentage_is_exact_to_its_fourth_place(percent, roll, aborted):
    env = environment()
    env.random.random = lambda: roll
    hook = compile_component(Fault, env, abort={"status": 500, "percent": percent}).on_request
    assert (hook(HEAD) is not None) is aborted


def test_a_delay_lets_the_request_go_on_after_its_time():
    clock, results = Clock(), []
    hook = compile_component(Fault, environment(clock), delay={"fixed": "5s"}).on_request_later
    hook(HEAD).addCallback(results.append)
    clock.advance(4.999)
    assert results == []
    clock.advance(0.001)
    assert results == [None]


def test_a_request_that_is_both_delayed_and_aborted_waits_first():
    clock, results = Clock(), []
    hooks = compile_component(Fault, environment(clock), delay={"fixed": "2s"}, abort={"status": 500})
    assert hooks.on_request is None
    hooks.on_request_later(HEAD).addCallback(results.append)
    assert results == []
    clock.advance(2)
    assert [reply.status for reply in results] == [500]


def test_a_request_that_is_not_delayed_is_aborted_at_once():
    clock, results = Clock(), []
    faults = {"delay": {"fixed": "2s", "percent": 0}, "abort": {"status": 500}}
    compile_component(Fault, environment(clock), **faults).on_request_later(HEAD).addCallback(results.append)
    assert [reply.status for reply in results] == [500]
    assert clock.getDelayedCalls() == []


def test_delays_and_aborts_are_independent():
    clock = Clock()
    env = environment(clock)
    faults = {"delay": {"fixed": "1s", "percent": 50}, "abort": {"status": 500, "percent": 50}}
    hook = compile_component(Fault, env, **faults).on_request_later
    seen = {(delayed, aborted): 0 for delayed in (True, False) for aborted in (True, False)}
    for _ in range(4000):
        results = []
        hook(HEAD).addCallback(results.append)
        delayed = not results
        clock.advance(1)
        seen[delayed, results[0] is not None] += 1
    assert all(abs(count - 1000) < 3 * (4000 / 4 * 3 / 4) ** 0.5 for count in seen.values())


def test_a_client_that_leaves_takes_the_delay_with_it():
    clock, failures = Clock(), []
    waiting = compile_component(Fault, environment(clock), delay={"fixed": "5s"}).on_request_later(HEAD)
    waiting.addErrback(failures.append)
    waiting.cancel()
    assert clock.getDelayedCalls() == []
    assert [failure.type for failure in failures] == [CancelledError]


def test_what_was_done_is_counted():
    clock = Clock()
    env = environment(clock)
    faults = {"delay": {"fixed": "1s"}, "abort": {"status": 500, "percent": 0}}
    delayed = compile_component(Fault, env, **faults).on_request_later
    aborted = compile_component(Fault, env, abort={"status": 500}).on_request
    for _ in range(3):
        delayed(HEAD)
    aborted(HEAD)
    assert env.metrics.counts == {"fault_delays": 3, "fault_aborts": 1}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{}", "give delay, abort or both"),
        ("delay: {percent: 50}", 'the key "fixed" is missing'),
        ("delay: {fixed: 0s}", "a delay is 1ms or longer"),
        ("delay: {fixed: 5}", "a duration needs a unit"),
        ("delay: {fixed: 1s, percent: 101}", "a percentage lies between 0 and 100"),
        ("abort: {percent: 50}", "give exactly one of status and grpcStatus"),
        ("abort: {status: 500, grpcStatus: INTERNAL}", "give exactly one of status and grpcStatus"),
        ("abort: {status: 601}", "the status of an answer lies between 200 and 600"),
        ("abort: {status: 101}", "the status of an answer lies between 200 and 600"),
        ("abort: {grpcStatus: UNAVAILIBLE}", 'did you mean "UNAVAILABLE"'),
    ],
)
def test_faults_that_could_not_happen_are_refused(text, sentence):
    with pytest.raises(ConfigError, match=sentence):
        from_yaml(Fault, text)
