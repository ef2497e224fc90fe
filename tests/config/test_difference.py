"""Two configurations compared: what differs in routing is told, and nothing else."""

import pytest

from shadowgate.config.catalog import Catalog
from shadowgate.config.difference import difference
from shadowgate.config.pipeline import load
from shadowgate.config.secrets import HIDDEN
from shadowgate.config.view import View
from shadowgate.plugin import Report
from shadowgate.plugin.yaml import read_text

CLUSTERS = """
clusters:
  v1: 127.0.0.1:8001
  v2: 127.0.0.1:8002
"""


@pytest.fixture
def compare(bundled: Catalog):
    def view(text, name):
        report = Report()
        loaded = load(read_text(text, name, report), report.problems, bundled)
        assert not loaded.report.failed, loaded.report.problems
        return View(bundled).configuration(loaded.configuration)

    def compare(before, after):
        return difference(view(CLUSTERS + before, "a.yaml"), view(CLUSTERS + after, "b.yaml"))

    return compare


def told(changes):
    return [(change.kind, change.path, change.before, change.after) for change in changes]


def test_nothing_differs_from_itself_whatever_the_file_is_called_and_where_it_stands(compare):
    text = "routes: [{name: a, hosts: [x, y], to: v1, mirror: v2}, {hosts: z, to: v2}]\n"
    assert compare(text, text) == ()
    assert compare(text, "\n# moved down\n" + text) == ()


def test_a_route_that_came_and_one_that_went(compare):
    changes = compare("routes: {name: old, to: v1}", "routes: {name: new, to: v1}")
    assert [(change.kind, change.path) for change in changes] == [
        ("removed", "Route default/old"),
        ("added", "Route default/new"),
    ]
    assert changes[0].before_position == "a.yaml:5:9" and not changes[0].after_position
    assert changes[1].after["name"] == "new" and changes[1].after_position == "b.yaml:5:9"


def test_hosts_are_a_set(compare):
    assert compare("routes: {name: a, hosts: [x, y], to: v1}", "routes: {name: a, hosts: [y, x], to: v1}") == ()
    changes = compare("routes: {name: a, hosts: [x, y], to: v1}", "routes: {name: a, hosts: [y, z], to: v1}")
    assert told(changes) == [
        ("removed", "Route default/a: hosts", "x", None),
        ("added", "Route default/a: hosts", None, "z"),
    ]


def test_weights_are_told_as_shares(compare):
    before = "routes: {name: a, to: v1}"
    after = "routes: {name: a, to: [{cluster: v1, weight: 3}, {cluster: v2, weight: 1}]}"
    changed, added = compare(before, after)
    assert told([changed]) == [("changed", "Route default/a: rule[0]: destination v1: share", "100%", "75%")]
    assert (added.kind, added.path) == ("added", "Route default/a: rule[0]: destination v2")
    assert added.after["share"] == "25%"


def test_other_weights_of_the_same_shares_and_another_order_are_no_difference(compare):
    before = "routes: {name: a, to: [{cluster: v1, weight: 1}, {cluster: v2, weight: 1}]}"
    after = "routes: {name: a, to: [{cluster: v2, weight: 50}, {cluster: v1, weight: 50}]}"
    assert compare(before, after) == ()


def test_weights_are_weights_where_another_balancer_uses_them(compare):
    before = "routes: {name: a, balancer: round-robin, to: [{cluster: v1, weight: 1}, {cluster: v2}]}"
    after = before.replace("weight: 1", "weight: 2")
    assert told(compare(before, after)) == [("changed", "Route default/a: rule[0]: destination v1: weight", 1, 2)]


def test_mirrors_are_known_by_name_or_destination(compare):
    before = "routes: {name: a, to: v1, mirror: [v2, {to: v2, name: second, percent: 10}]}"
    after = "routes: {name: a, to: v1, mirror: [{to: v2, name: second, percent: 20}]}"
    removed, changed = compare(before, after)
    assert (removed.kind, removed.path) == ("removed", "Route default/a: rule[0]: mirror v2")
    assert (changed.path, changed.before, changed.after) == (
        "Route default/a: rule[0]: mirror second: policy",
        {"plugin": "random", "options": {"percent": 10}},
        {"plugin": "random", "options": {"percent": 20}},
    )


def test_one_option_in_two_spellings_is_no_difference(compare):
    before = "routes: {name: a, to: v1, filters: {cors: {maxAge: 60s, allowMethods: [GET]}}}"
    after = "routes: {name: a, to: v1, filters: {cors: {allow_methods: GET, max_age: 1m}}}"
    assert compare(before, after) == ()


def test_the_order_of_conditions_and_of_matches_says_nothing(compare):
    one = "{path: {prefix: /x}, headers: {x-a: '1', x-b: '2'}}"
    same = "{path: {prefix: /x}, headers: {x-b: '2', x-a: '1'}}"
    before = f"routes: {{name: a, to: v1, match: [{one}, {{method: GET}}]}}"
    after = f"routes: {{name: a, to: v1, match: [{{method: GET}}, {same}]}}"
    assert compare(before, after) == ()


# Rules


def rules(*parts):
    return "routes: {name: a, rules: [" + ", ".join(parts) + "]}"


X, Y, Z = (f"{{match: {{path: {{prefix: /{letter}}}}}, to: v1}}" for letter in "xyz")


def test_the_order_of_rules_matters(compare):
    changes = compare(rules(X, Y, Z), rules(Y, Z, X))
    assert told(changes) == [("moved", "Route default/a: rule[2]", 0, 2)]


def test_a_rule_in_front_moves_no_other(compare):
    (added,) = compare(rules(X, Y), rules(Z, X, Y))
    assert (added.kind, added.path) == ("added", "Route default/a: rule[0]")


def test_a_rule_of_one_name_is_the_same_rule_whatever_it_matches(compare):
    before = rules("{name: canary, match: {path: {prefix: /x}}, to: v1}", Y)
    after = rules("{name: canary, match: {path: {prefix: /other}}, to: v2}", Y)
    assert {change.path for change in compare(before, after)} == {
        "Route default/a: rule canary: matches",
        "Route default/a: rule canary: destination v1",
        "Route default/a: rule canary: destination v2",
    }


def test_a_nameless_rule_with_another_match_is_the_one_in_its_place(compare):
    changes = compare(rules(X, Y), rules(X, Z))
    assert [(change.kind, change.path) for change in changes] == [
        ("removed", "Route default/a: rule[1]: matches"),
        ("added", "Route default/a: rule[1]: matches"),
    ]
    assert changes[0].before["path"]["value"] == "/y"


def test_two_rules_without_a_match_are_told_apart(compare):
    assert compare(rules("{to: v1}", "{to: v2}"), rules("{to: v1}", "{to: v2}")) == ()
    (removed,) = compare(rules("{to: v1}", "{to: v2}"), rules("{to: v1}"))
    assert (removed.kind, removed.path) == ("removed", "Route default/a: rule[1]")


def test_routes_of_one_host_in_another_order(compare):
    a, b = "{name: a, match: {path: {prefix: /x}}, to: v1}", "{name: b, match: {path: {prefix: /y}}, to: v2}"
    (change,) = compare(f"routes: [{a}, {b}]", f"routes: [{b}, {a}]")
    assert told([change]) == [
        (
            "changed",
            "host *: order of routes",
            ["Route default/a", "Route default/b"],
            ["Route default/b", "Route default/a"],
        )
    ]


def test_a_route_that_stands_there_once_for_each_listener_is_compared_listener_by_listener(compare):
    text = """
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: outer}
spec:
  selector: {}
  servers:
  - {port: {number: 80, name: a, protocol: HTTP}, hosts: ["*"]}
  - {port: {number: 81, name: b, protocol: HTTP}, hosts: ["*"]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web}
spec:
  hosts: [a.test]
  gateways: [outer]
  http:
  - match: [{port: %d}]
    redirect: {authority: b.test}
  - directResponse: {status: 200}
"""
    removed, added = sorted(compare(text % 80, text % 81), key=lambda change: change.kind, reverse=True)
    assert (removed.kind, removed.path) == ("removed", "VirtualService default/web on port 80: rule[0]")
    assert (added.kind, added.path) == ("added", "VirtualService default/web on port 81: rule[0]")


# The rest


def test_clusters_with_their_endpoints_subsets_and_policies(compare):
    before = "---\nclusters: {c: {endpoints: [10.0.0.1:80, 10.0.0.2:80], subsets: {v1: {version: v1}}}}"
    after = (
        "---\nclusters: {c: {endpoints: [10.0.0.2:80, {address: 10.0.0.3, port: 80, weight: 2}],"
        " subsets: {v1: {version: v2}}, balancer: round-robin}}"
    )
    changes = {(change.kind, change.path): change for change in compare(before, after)}
    assert set(changes) == {
        ("removed", "cluster c: endpoint 10.0.0.1:80"),
        ("added", "cluster c: endpoint 10.0.0.3:80"),
        ("changed", "cluster c: subset v1: labels: version"),
        ("changed", "cluster c: policy: balancer"),
    }
    assert changes["changed", "cluster c: policy: balancer"].after == {"plugin": "round-robin"}


def test_listeners(compare):
    changes = compare("listeners: [{name: a, endpoint: 'tcp:1'}]", "listeners: [{name: a, endpoint: 'tcp:2'}]")
    assert told(changes) == [("changed", "listener a: endpoint", "tcp:1", "tcp:2")]


def test_a_changed_secret_is_a_difference_that_is_not_shown(compare):
    text = "routes: {name: a, to: v1, filters: {header-rewrite: {request: {set: {authorization: %s}}}}}"
    (change,) = compare(text % "one", text % "two")
    assert change.before == change.after
    assert change.before[0]["options"]["request"]["set"] == {"authorization": HIDDEN}


def test_a_change_as_json_has_only_what_there_is_to_say(compare):
    (change,) = compare("listeners: [{name: a, endpoint: 'tcp:1'}]", "")
    assert change.plain().keys() == {"kind", "path", "before", "beforePosition"}
