"""Which endpoint is to be ejected, and when it comes back."""

import pytest

from shadowgate.model import OutlierDetection
from shadowgate.runtime.outliers import Record, answered, eject, failed, may_eject, sweep

FIVE, GATEWAY, LOCAL = "consecutive_5xx", "consecutive_gateway_errors", "consecutive_local_origin"


def reasons(results, **policy):
    """Return what comes of statuses and outcomes, in their order."""
    record, outlier = Record(), OutlierDetection(**policy)
    return [
        answered(record, outlier, result) if isinstance(result, int) else failed(record, outlier, result)
        for result in results
    ]


@pytest.mark.parametrize(
    ("results", "policy", "expected"),
    [
        ([500] * 5, {}, ["", "", "", "", FIVE]),
        ([500, 503, 501], {"consecutive_5xx": 3}, ["", "", FIVE]),
        ([500, 200, 500, 404, 500, 304], {"consecutive_5xx": 2}, [""] * 6),
        ([500] * 9, {"consecutive_5xx": 0}, [""] * 9),
        ([500] * 4, {"consecutive_5xx": 2}, ["", FIVE, "", FIVE]),
        ([502, 503, 504], {"consecutive_gateway_errors": 3}, ["", "", GATEWAY]),
        ([502, 500, 504, 500], {"consecutive_gateway_errors": 2, "consecutive_5xx": 0}, [""] * 4),
        ([502, 200, 504], {"consecutive_gateway_errors": 2}, [""] * 3),
        ([500] * 4, {"consecutive_gateway_errors": 0}, [""] * 4),
        ([501, 502, 503], {"consecutive_gateway_errors": 2, "consecutive_5xx": 3}, ["", "", GATEWAY]),
    ],
)
def test_answers_count_in_a_row(results, policy, expected):
    assert reasons(results, **policy) == expected


LOCAL_OUTCOMES = [
    *("connect_refused", "connect_timeout", "connect_failed", "unresolved"),
    *("upstream_closed", "upstream_reset", "response_timeout", "attempt_timeout", "route_timeout"),
]


@pytest.mark.parametrize("outcome", [*LOCAL_OUTCOMES, "bad_answer"])
def test_an_attempt_without_an_answer_counts_as_a_gateway_error(outcome):
    assert reasons([outcome, 500], consecutive_5xx=2) == ["", FIVE]
    assert reasons([outcome, 503], consecutive_gateway_errors=2) == ["", GATEWAY]


@pytest.mark.parametrize("outcome", LOCAL_OUTCOMES)
def test_split_from_answers_it_counts_alone(outcome):
    policy = {"split_local_origin": True, "consecutive_local_origin": 2, "consecutive_5xx": 2}
    assert reasons([outcome, 500, outcome, outcome], **policy) == ["", "", "", LOCAL]
    assert reasons([500, outcome, 500], **policy) == ["", "", FIVE]
    assert reasons([outcome] * 9, **{**policy, "consecutive_local_origin": 0}) == [""] * 9


@pytest.mark.parametrize("outcome", ["no_socket", "overflow", "queue_timeout"])
def test_what_this_machine_lacks_is_not_held_against_an_endpoint(outcome):
    assert reasons([outcome] * 9, consecutive_5xx=1, consecutive_gateway_errors=1) == [""] * 9


def test_an_answer_that_is_no_http_is_the_endpoints_even_when_split():
    assert reasons(["bad_answer"] * 2, split_local_origin=True, consecutive_5xx=2) == ["", FIVE]


@pytest.mark.parametrize("outcome", ["overflow", "queue_timeout", "client_gone", "plugin_failed", "idle_timeout"])
def test_what_says_nothing_of_the_endpoint_does_not_count(outcome):
    assert reasons([outcome] * 3, consecutive_5xx=1) == [""] * 3


@pytest.mark.parametrize(
    ("percent", "ejected", "endpoints", "expected"),
    [
        (10, 0, 10, True),
        (10, 1, 10, False),
        (10, 1, 20, True),
        (10, 2, 29, False),
        (50, 1, 4, True),
        (50, 2, 4, False),
        (100, 3, 4, True),
        (10, 0, 2, True),
        (10, 1, 2, False),
        (10, 0, 1, False),
        (100, 0, 1, True),
        (0, 0, 100, False),
    ],
)
def test_only_a_share_may_be_out_but_one_of_several_in_any_case(percent, ejected, endpoints, expected):
    assert may_eject(OutlierDetection(max_ejection_percent=percent), ejected, endpoints) is expected


def test_each_ejection_lasts_longer_up_to_five_minutes():
    record, outlier = Record(), OutlierDetection(base_ejection=100.0)
    assert [eject(record, outlier, FIVE, 0.0) for _ in range(5)] == [100.0, 200.0, 300.0, 300.0, 300.0]


def test_a_base_above_five_minutes_is_kept():
    assert eject(Record(times=3), OutlierDetection(base_ejection=400.0), FIVE, 0.0) == 400.0


def test_an_endpoint_comes_back_at_the_first_sweep_after_its_time_with_a_clean_sheet():
    record = Record(server_errors=3, gateway_errors=2, local_failures=1)
    eject(record, OutlierDetection(), FIVE, 100.0)
    assert (record.ejected, record.until, record.reason) == (True, 130.0, FIVE)
    assert not sweep(record, 129.9)
    assert record.ejected
    assert sweep(record, 130.0)
    assert (record.ejected, record.reason, record.times) == (False, "", 1)
    assert (record.server_errors, record.gateway_errors, record.local_failures) == (0, 0, 0)


def test_each_sweep_in_service_forgives_one_ejection():
    record = Record(times=2)
    assert [(sweep(record, 0.0), record.times) for _ in range(3)] == [(False, 1), (False, 0), (False, 0)]
