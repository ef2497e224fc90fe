"""``/metrics``: text that Prometheus' own parser reads, and numbers that add up."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from shadowgate.admin.metrics import CLASSES, render_metrics

CONFIG = """
clusters: {v1: 127.0.0.1:8001, v2: 127.0.0.1:8002}
routes:
  - name: all
    hosts: a
    to: v1
    mirror: {to: v2, name: candidate}
"""
GET = b"GET / HTTP/1.1\r\nHost: %b\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.fixture
def it(in_memory):
    made = in_memory(listen=["tcp:8000"])
    made.gateway.listen()
    made.apply(CONFIG)
    return made


def families(it):
    return {family.name: family for family in text_string_to_metric_families(render_metrics(it.gateway).decode())}


def values(it):
    """Every sample by its name and labels."""
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in families(it).values()
        for sample in family.samples
    }


def total(it, name, **labels):
    """The sum of a metric's samples with these labels."""
    wanted = set(labels.items())
    return sum(value for (sample, *found), value in values(it).items() if sample == name and wanted <= set(found))


def check_mirror(it, name="candidate"):
    def count(metric, **labels):
        return total(it, f"shadowgate_mirror_{metric}", mirror=name, **labels)

    connecting, answering = (count("in_flight", phase=phase) for phase in ("connecting", "answering"))
    assert count("sampled_total") == count("sent_total") + count("dropped_total") + connecting
    assert count("sent_total") == count("completed_total") + count("failed_total") + answering
    assert count("duration_seconds_count") == count("completed_total")


def test_a_fresh_gateway_has_metrics_that_parse(in_memory):
    found = families(in_memory())
    assert found["shadowgate_config_generation"].samples[0].value == 0
    assert found["shadowgate_ready"].samples[0].value == 0


def test_every_family_has_a_name_of_ours_a_type_and_a_help(it):
    for name, family in families(it).items():
        assert name.startswith("shadowgate_")
        assert family.type in ("counter", "gauge", "histogram")
        assert family.documentation.endswith(".")


def test_shadows_are_accounted_for_at_every_scrape_and_apart_from_the_primary(it):
    client = it.client()
    for number in range(4):
        client.send(GET % b"a")
        check_mirror(it)
        if number == 0:
            v1 = it.upstream()
        check_mirror(it)
        if number < 2:
            v2 = it.upstream()
            check_mirror(it)
            if number == 0:
                v2.send(OK)
            v2.leave()
        v1.send(OK)
        check_mirror(it)
    assert total(it, "shadowgate_mirror_sampled_total") == 4
    assert total(it, "shadowgate_mirror_completed_total", **{"class": "2xx"}) == 1
    assert total(it, "shadowgate_mirror_failed_total", reason="upstream_closed") == 1
    assert total(it, "shadowgate_mirror_in_flight", phase="connecting") == 2
    assert total(it, "shadowgate_requests_total") == 4


def test_requests_add_up(it):
    client = it.client()
    client.send(GET % b"b")
    client.send(GET % b"a")
    assert total(it, "shadowgate_requests_in_flight", route="all") == 1
    it.upstream().send(OK)
    client.send(b"nonsense\r\n\r\n")
    assert total(it, "shadowgate_requests_total", route="all", **{"class": "2xx"}) == 1
    assert total(it, "shadowgate_requests_total", route="", **{"class": "4xx"}) == 1
    assert total(it, "shadowgate_request_outcomes_total", outcome="no_route") == 1
    assert total(it, "shadowgate_requests_total") == total(it, "shadowgate_request_outcomes_total")
    assert total(it, "shadowgate_requests_total") == total(it, "shadowgate_request_duration_seconds_count")
    assert total(it, "shadowgate_response_bytes_total", route="all") == 2
    assert total(it, "shadowgate_refused_total", code="400") == 1
    assert total(it, "shadowgate_connections_total") == total(it, "shadowgate_connections_open") == 1
    assert total(it, "shadowgate_endpoint_requests_total", endpoint="127.0.0.1:8001") == 1


def test_histograms_are_cumulative_and_end_with_all(it):
    client = it.client()
    for _ in range(3):
        client.send(GET % b"b")
    buckets = [
        (sample.labels["le"], sample.value)
        for sample in families(it)["shadowgate_request_duration_seconds"].samples
        if sample.name.endswith("_bucket") and sample.labels["route"] == ""
    ]
    counts = [count for _, count in buckets]
    assert counts == sorted(counts)
    assert buckets[-1] == ("+Inf", 3)


def test_reloads_are_told_with_their_success(it):
    it.offer("rutes: 1")
    found = values(it)
    assert found[("shadowgate_config_generation",)] == 1
    assert found[("shadowgate_config_last_reload_successful",)] == 0
    assert found[("shadowgate_config_reloads_total",)] == 2
    it.offer(CONFIG)
    assert values(it)[("shadowgate_config_last_reload_successful",)] == 1


def test_plugins_have_counters_of_their_own_and_their_failures_are_told(it):
    increment = it.gateway.env.metrics.counter("teapots seen!", "Teapots that were seen.")
    increment()
    it.gateway.stats.plugin_failures["bad"] += 2
    assert total(it, "shadowgate_plugin_teapots_seen__total") == 1
    assert total(it, "shadowgate_hook_failures_total", plugin="bad") == 2


def test_a_label_may_hold_anything(it):
    it.gateway.stats.route('quote " and \\ and \n').statuses[2] = 1
    assert total(it, "shadowgate_requests_total", route='quote " and \\ and \n') == 1


def test_there_is_a_class_for_every_status():
    assert CLASSES == ("0xx", "1xx", "2xx", "3xx", "4xx", "5xx")


# Clusters

RESILIENT = """
clusters:
  bare: 127.0.0.1:8000
  bounded: {endpoints: 127.0.0.1:8001, pool: {maxRequests: 1, maxPending: 0}}
  watched:
    endpoints: [127.0.0.1:8002, 127.0.0.1:8003]
    ejection: {consecutive5xx: 1, maxEjectionPercent: 50, minHealthPercent: 60}
    health: tcp
routes: [{hosts: a, to: bounded}, {hosts: b, to: watched}, {hosts: c, to: bare}]
"""


def test_clusters_count_who_was_refused_and_who_is_out(in_memory):
    made = in_memory(listen=["tcp:8000"])
    made.gateway.listen()
    made.apply(RESILIENT)
    for _ in range(2):
        made.client().send(GET % b"a")
    made.reactor.settle()
    assert total(made, "shadowgate_cluster_overflows_total", cluster="bounded", bound="max_requests") == 1
    first, second = (state for state in made.gateway.registry.endpoints if state.watch is not None)
    first.watch.answered(first, 500)
    second.watch.answered(second, 500)
    second.checked.healthy = False
    found = {
        name: total(made, f"shadowgate_cluster_{name}", cluster="watched")
        for name in ("ejected", "unwell", "panicking")
    }
    assert found == {"ejected": 1, "unwell": 1, "panicking": 1}
    assert total(made, "shadowgate_cluster_ejections_total", cluster="watched", reason="consecutive_5xx") == 1
    assert total(made, "shadowgate_cluster_ejections_withheld_total", cluster="watched") == 1
    made.reactor.wait(1)
    for probe in (made.upstream(), made.upstream()):
        assert probe.state == "closed"
    assert total(made, "shadowgate_cluster_probes_total", cluster="watched", result="good") == 2


def test_a_cluster_that_nobody_looks_after_has_no_series(in_memory):
    made = in_memory()
    made.apply(RESILIENT)
    clusters = {dict(labels).get("cluster") for _, *labels in values(made)} - {None}
    assert clusters == {"watched"}


def test_variants_have_their_state_their_weight_and_their_changes(in_memory):
    it = in_memory()
    for available in ("false", "true"):
        it.apply(
            f"""
clusters: {{a: 10.0.0.1:80, b: 10.0.0.2:80}}
variants: {{web: {{pattern: mirror, variants: [a, {{name: v2, to: b, weight: 30, probes: {{file: /nowhere}}}}]}}}}
---
apiVersion: shadowgate.io/v1
kind: Availability
metadata: {{name: web}}
variants: [{{name: v2, available: {available}}}]
"""
        )
    found = values(it)

    def of(metric, variant, **labels):
        return found[metric, *sorted({"application": "web", "variant": variant, **labels}.items())]

    assert of("shadowgate_variant_weight", "a") == 1 and of("shadowgate_variant_weight", "v2") == 30
    assert of("shadowgate_variant_available", "v2") == 1
    assert of("shadowgate_variant_changes_total", "v2", became="available") == 1
