"""An explanation as text: what the golden commands do not show."""

import pytest

from shadowgate.admin.question import Question, answer
from shadowgate.cli.explanation import MOST_LATER, lines_of


@pytest.fixture
def told(in_memory):
    def told(routes):
        it = in_memory()
        it.apply(f"clusters: {{c: '10.0.0.1:80'}}\nroutes:\n{routes}")
        gateway = it.gateway
        return list(lines_of(answer(Question("http://a/"), gateway.snapshot, gateway.catalog, gateway.core.prepare)))

    return told


def test_a_thousand_rules_behind_the_winner_are_counted(told):
    lines = told("- {to: c}\n" * (MOST_LATER + 5))
    assert "  and 4 more that are not tried" in lines
    assert sum("not tried: " in line for line in lines) == MOST_LATER
    assert not any("more that are not tried" in line for line in told("- {to: c}\n" * (MOST_LATER + 1)))


def test_a_balancer_other_than_weight_is_named_and_shares_are_not_known(told):
    lines = told("- {to: [{cluster: c, weight: 3}, c], balancer: round-robin}")
    assert "destinations, chosen by round-robin:" in lines
    assert any(line.startswith("       ? c  (") for line in lines)


def test_a_destination_that_answers_itself(told):
    lines = told("- {to: {cluster: c, filters: {respond: {status: 204}}}}")
    assert "         answer: 204 by the gateway itself (respond)" in lines
    assert not any("gets /" in line for line in lines)


def test_a_destination_that_is_not_there_gets_nothing(told):
    lines = told(
        "- {to: c, hosts: b}\n---\n"
        "{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {ports: [{port: 80}]}}\n---\n"
        "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: r}\n"
        "spec: {parentRefs: [{kind: Service, name: a}], rules: [{backendRefs: [{name: nobody, port: 80}]}]}"
    )
    assert any("there is no Service default/nobody" in line for line in lines)
    assert not any("gets" in line for line in lines)
