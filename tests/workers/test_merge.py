"""The numbers of several processes as one."""

import json

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

from shadowgate.admin.metrics import render
from shadowgate.workers.merge import Sums, plain_metrics


def families(requests, in_flight, route="all"):
    """What one process might tell."""
    counter = CounterMetricFamily("requests", "Requests.", labels=["route", "class"])
    counter.add_metric([route, "2xx"], requests)
    gauge = GaugeMetricFamily("in_flight", "Now.", labels=["route"])
    gauge.add_metric([route], in_flight)
    histogram = HistogramMetricFamily("seconds", "Time.", labels=["route"])
    histogram.add_metric([route], [("1.0", requests), ("+Inf", requests + 1)], 0.5)
    plain = CounterMetricFamily("connections", "Connections.", value=requests)
    return json.loads(json.dumps(plain_metrics([counter, gauge, histogram, plain])))


def values(sums):
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in sums.metrics()
        for sample in family.samples
    }


def test_the_same_series_are_summed():
    sums = Sums()
    sums.add(families(3, 1))
    sums.add(families(4, 2))
    assert values(sums) == {
        ("requests_total", "2xx", "all"): 7,
        ("in_flight", "all"): 3,
        ("seconds_bucket", "1.0", "all"): 7,
        ("seconds_bucket", "+Inf", "all"): 9,
        ("seconds_count", "all"): 9,
        ("seconds_sum", "all"): 1,
        ("connections_total",): 7,
    }


def test_series_that_only_one_has_are_there():
    sums = Sums()
    sums.add(families(3, 1))
    sums.add(families(4, 2, "other"))
    found = values(sums)
    assert (found["requests_total", "2xx", "all"], found["requests_total", "2xx", "other"]) == (3, 4)


def test_sums_are_prometheus_text():
    sums = Sums()
    sums.add(families(3, 1))
    text = render(sums.metrics()).decode()
    assert "# TYPE requests_total counter\n" in text
    assert 'requests_total{class="2xx",route="all"} 3.0\n' in text
    assert 'seconds_bucket{le="+Inf",route="all"} 4.0\n' in text


def test_of_a_process_that_ended_counts_stay_and_gauges_go():
    departed = Sums()
    departed.add(families(3, 1), cumulative_only=True)
    sums = Sums()
    sums.add(families(4, 2))
    sums.add(departed.plain())
    found = values(sums)
    assert found["requests_total", "2xx", "all"] == 7
    assert found["seconds_count", "all"] == 9
    assert found["in_flight", "all"] == 2


def test_of_what_no_configuration_names_any_more_nothing_stays():
    departed, alive = Sums(), Sums()
    departed.add(families(3, 1, "gone"), cumulative_only=True)
    departed.add(families(5, 1, "all"), cumulative_only=True)
    alive.add(families(4, 2, "all"))
    departed.keep(alive)
    assert values(departed) == {
        ("requests_total", "2xx", "all"): 5,
        ("seconds_bucket", "1.0", "all"): 5,
        ("seconds_bucket", "+Inf", "all"): 6,
        ("seconds_count", "all"): 6,
        ("seconds_sum", "all"): 0.5,
        ("connections_total",): 8,
    }
