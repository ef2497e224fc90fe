import pytest

from shadowgate.bundled.retries.retry import CONDITIONS, Retry
from shadowgate.errors import ConfigError
from shadowgate.plugin import Attempt
from shadowgate.runtime import outcomes
from shadowgate.testing import compile_component, environment, from_yaml, request, response

HEAD = request()
NOT_CONNECTED = {"connect_refused", "connect_timeout", "connect_failed", "unresolved"}
NO_ANSWER = {"upstream_closed", "upstream_reset", "bad_answer", "response_timeout", "attempt_timeout"} | NOT_CONNECTED
EVERY_OUTCOME = {value.name for value in vars(outcomes).values() if isinstance(value, outcomes.Outcome)}


def after(on, *, status=None, outcome="completed", **fields):
    """Tell whether a request is tried again."""
    headers = {name.replace("_", "-"): value for name, value in fields.items()}
    answer = None if status is None else response(status, headers)
    return compile_component(Retry, on=on).decide(Attempt(HEAD, 1, outcome, answer)) is not None


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        ("5xx", NO_ANSWER),
        ("gateway-error", NO_ANSWER),
        ("reset", NO_ANSWER),
        ("reset-before-request", NOT_CONNECTED),
        ("connect-failure", NOT_CONNECTED),
        ("retriable-4xx", set()),
        ("refused-stream", set()),
        ("unavailable", set()),
        ("503", set()),
    ],
)
def test_an_attempt_without_an_answer_is_tried_again_by_its_outcome(on, expected):
    assert expected < EVERY_OUTCOME
    assert {outcome for outcome in EVERY_OUTCOME if after(on, outcome=outcome)} == expected


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        ("5xx", set(range(500, 600))),
        ("gateway-error", {502, 503, 504}),
        ("retriable-4xx", {409}),
        ("reset", set()),
        ("connect-failure", set()),
        ("503", {503}),
        (["418", "retriable-4xx"], {409, 418}),
        ("retriable-status-codes", set()),
    ],
)
def test_an_answer_is_tried_again_by_its_status(on, expected):
    assert {status for status in range(200, 600) if after(on, status=status)} == expected


@pytest.mark.parametrize(
    ("on", "number"),
    [("cancelled", 1), ("deadline-exceeded", 4), ("resource-exhausted", 8), ("internal", 13), ("unavailable", 14)],
)
def test_an_answer_is_tried_again_by_its_grpc_status(on, number):
    assert [code for code in range(17) if after(on, status=200, grpc_status=str(code))] == [number]
    assert not after(on, status=503)
    assert not after(on, status=200)


def test_statuses_have_an_option_of_their_own():
    policy = compile_component(Retry, on=["retriable-status-codes"], statuses=[418, 503])
    again = [status for status in range(200, 600) if policy.decide(Attempt(HEAD, 1, "completed", response(status)))]
    assert again == [418, 503]
    assert compile_component(Retry, statuses=418).decide(Attempt(HEAD, 1, "completed", response(418))) is not None


def test_an_overloaded_envoy_is_left_alone():
    assert not after("5xx", status=503, x_envoy_overloaded="true")


def test_a_rate_limited_request_is_tried_again_only_if_asked_for():
    assert not after(["5xx", "429"], status=429, x_envoy_ratelimited="true")
    assert after("envoy-ratelimited", status=429, x_envoy_ratelimited="true")
    assert not after("envoy-ratelimited", status=429)


@pytest.mark.parametrize("on", ["retriable-headers", "http3-post-connect-failure", "refused-stream"])
def test_some_words_are_known_and_stand_for_what_never_happens(on):
    assert not any(after(on, status=status) for status in range(200, 600))
    assert not any(after(on, outcome=outcome) for outcome in EVERY_OUTCOME)


def test_nothing_said_is_what_istio_has_where_nothing_is_said():
    retries = compile_component(Retry)
    head = request("POST")
    again = {outcome for outcome in EVERY_OUTCOME if retries.decide(Attempt(head, 1, outcome)) is not None}
    assert (retries.most, retries.elsewhere, again) == (2, True, NOT_CONNECTED)
    assert retries.decide(Attempt(HEAD, 1, "completed", response(503))) is None
    assert retries.decide(Attempt(HEAD, 1, "completed", response(200, {"grpc-status": "14"}))) is not None


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"])
def test_a_request_that_may_be_sent_twice_is_tried_again_when_its_connection_ended(method):
    retries = compile_component(Retry)
    again = {outcome for outcome in EVERY_OUTCOME if retries.decide(Attempt(request(method), 1, outcome)) is not None}
    assert again == NOT_CONNECTED | {"upstream_closed", "upstream_reset"}


def test_there_are_only_so_many_attempts():
    retries = compile_component(Retry, on="reset", attempts=3)
    assert retries.most == 3
    decided = [retries.decide(Attempt(HEAD, number, "upstream_reset")) is not None for number in range(1, 6)]
    assert decided == [True, True, True, False, False]


def test_no_attempts_is_no_retry():
    retries = compile_component(Retry, on="reset", attempts=0)
    assert retries.most == 0
    assert retries.decide(Attempt(HEAD, 1, "upstream_reset")) is None


def pauses(number, roll, **options):
    env = environment()
    env.random.random = lambda: roll
    return compile_component(Retry, env, on="reset", attempts=100, **options).decide(
        Attempt(HEAD, number, "upstream_reset")
    )


@pytest.mark.parametrize(
    ("number", "longest"), [(1, 0.025), (2, 0.05), (3, 0.1), (4, 0.2), (5, 0.25), (6, 0.25), (100, 0.25)]
)
def test_a_pause_is_a_random_part_of_a_time_that_doubles_up_to_ten_times_the_first(number, longest):
    assert pauses(number, 0.0) == 0
    assert pauses(number, 0.5) == pytest.approx(longest / 2)


def test_the_longest_pause_can_be_given():
    assert pauses(5, 0.5, backoff="1s", max_backoff="4s") == 2
    assert pauses(1, 0.5, backoff="1s", max_backoff="1s") == 0.5


def test_without_a_backoff_there_is_no_pause():
    assert pauses(5, 0.5, backoff="0s") == 0


def test_pauses_are_spread_evenly():
    retries = compile_component(Retry, on="reset", backoff="1s")
    drawn = [retries.decide(Attempt(HEAD, 1, "upstream_reset")) for _ in range(4000)]
    assert all(0 <= pause < 1 for pause in drawn)
    assert abs(sum(drawn) / 4000 - 0.5) < 3 * (1 / 12 / 4000) ** 0.5


def test_endpoints_that_were_tried_can_be_tried_again():
    assert compile_component(Retry, elsewhere=False).elsewhere is False


def test_every_word_can_be_written():
    assert from_yaml(Retry, f"on: [{', '.join(CONDITIONS)}, 503]").on == (*CONDITIONS, "503")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("on: [connect-failures]", '"connect-failures" is no condition, did you mean "connect-failure"'),
        ("on: [600]", "the status of an answer lies between 200 and 599, not at 600"),
        ("on: ['5xx,reset']", '"5xx,reset" is no condition'),
        ("statuses: 99", "the status of an answer lies between 200 and 599, not at 99"),
        ("attempts: -1", "the number of attempts cannot be negative"),
        ("{backoff: 2s, maxBackoff: 1s}", "maxBackoff is shorter than backoff"),
    ],
)
def test_what_is_no_condition_or_pause_is_refused(text, sentence):
    with pytest.raises(ConfigError, match=sentence):
        from_yaml(Retry, text)


def first_pauses(**options):
    """Return the pauses before the first retries."""
    decide = compile_component(Retry, on="reset", attempts=4, **options).decide
    return [decide(Attempt(HEAD, number, "upstream_reset")) for number in (1, 2, 3, 4)]


def test_no_pause_is_shorter_than_the_shortest():
    assert min(first_pauses(backoff="100ms", minBackoff="100ms")) == 0.1
    assert all(
        0.1 <= pause <= 0.1 * 2**number
        for number, pause in enumerate(first_pauses(backoff="100ms", minBackoff="100ms"))
    )
    assert min(first_pauses(backoff="100ms")) < 0.1


def test_the_shortest_pause_is_not_longer_than_the_longest():
    with pytest.raises(ConfigError, match="minBackoff is longer than the longest pause"):
        from_yaml(Retry, "{backoff: 10ms, minBackoff: 200ms}")


@pytest.mark.parametrize("status", [0, 500, 503])
def test_a_policy_may_say_what_is_answered_when_nobody_does(status):
    assert compile_component(Retry, unanswered=status).unanswered == status


def test_what_is_answered_then_is_a_status():
    with pytest.raises(ConfigError, match="lies between 200 and 599"):
        from_yaml(Retry, "unanswered: 99")
