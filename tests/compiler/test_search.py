"""The look-up gone through slowly: which host, which rule, and why every other lost."""

import pytest

from shadowgate.compiler.search import search
from shadowgate.config.view import View
from shadowgate.testing import request

CONFIG = """
clusters: {c: "127.0.0.1:1"}
listeners: [{name: web, endpoint: "tcp:1"}, {name: other, endpoint: "tcp:2"}]
routes:
- name: shop
  hosts: [shop.test, "*.test"]
  rules:
  - {name: exact, match: {path: {exact: /a}}, to: c}
  - {match: {path: {segments: /b}}, to: c}
  - match:
    - {path: {prefix: /C, ignoreCase: true}}
    - {path: {regex: "/d+"}, headers: {x-a: "1", x-b: {present: true}}}
    to: c
- {name: rest, hosts: "*", to: c}
- {name: bound, hosts: [bound.test], listeners: other, to: c}
"""


@pytest.fixture
def find(in_memory):
    it = in_memory()
    it.apply(CONFIG)

    def find(head):
        found = search(it.gateway.snapshot, head, View(it.gateway.catalog))
        expected = it.gateway.snapshot.find(head)
        assert (None if found.winner is None else found.winner.rule) is expected
        return found

    return find


def results(found):
    return [tried.result for tried in found.tried]


@pytest.mark.parametrize(
    ("authority", "pattern", "kind", "less_specific"),
    [
        ("SHOP.test:8000", "shop.test", "exact", ("*.test", "*")),
        ("www.shop.test.", "*.test", "wildcard", ("*",)),
        ("elsewhere", "*", "any", ()),
        ("[::1]:80", "*", "any", ()),
    ],
)
def test_the_most_specific_pattern_is_chosen_and_the_others_are_named(find, authority, pattern, kind, less_specific):
    host = find(request("GET", "/", authority=authority, listener="web")).host
    assert (host.pattern, host.kind, host.less_specific) == (pattern, kind, less_specific)


def test_a_listener_with_routes_of_its_own_has_a_table_of_its_own(find):
    own = find(request("GET", "/", authority="bound.test", listener="other"))
    assert (own.listener, own.table, own.host.pattern) == ("other", "other", "bound.test")
    shared = find(request("GET", "/", authority="bound.test", listener="web"))
    assert (shared.listener, shared.table, shared.host.pattern) == ("web", "", "*.test")


def test_what_comes_before_the_winner_lost_and_what_comes_after_was_not_tried(find):
    found = find(request("GET", "/b/x", authority="shop.test", listener="web"))
    assert results(found) == ["lost", "won", "not tried", "not tried"]
    assert found.tried[0].reasons == ("the path /b/x is not /a",)
    assert found.tried[1].reasons == ()
    assert found.tried[2].reasons == ("an earlier rule won",)


def test_rules_and_matches_are_called_by_name_or_number_with_their_place(find):
    found = find(request("GET", "/a", authority="shop.test", listener="web"))
    assert [(tried.rule, tried.position) for tried in found.tried] == [
        ("Route default/shop: rule exact", "gw.yaml:8:26"),
        ("Route default/shop: rule[1]", "gw.yaml:9:13"),
        ("Route default/shop: rule[2].match[0]", "gw.yaml:11:7"),
        ("Route default/shop: rule[2].match[1]", "gw.yaml:12:7"),
    ]


def test_every_kind_of_path_tells_why_it_lost(find):
    found = find(request("GET", "/e", authority="shop.test", listener="web"))
    assert results(found) == ["lost"] * 4
    assert found.winner is None and not found.failed
    assert [tried.reasons for tried in found.tried] == [
        ("the path /e is not /a",),
        ("the path /e is not below /b",),
        ("the path /e does not begin with /C in any case",),
        ("the path /e does not match, as a whole, the regex /d+",),
    ]


def test_all_conditions_that_do_not_hold_are_told(find):
    found = find(request("GET", "/d", authority="shop.test", listener="web"))
    assert found.tried[3].reasons == (
        'header {name: x-a, exact: "1"} does not hold',
        "header {name: x-b, present: true} does not hold",
    )
    one = find(request("GET", "/d", {"x-b": "1"}, authority="shop.test", listener="web"))
    assert one.tried[3].reasons == ('header {name: x-a, exact: "1"} does not hold',)
    assert (
        results(find(request("GET", "/dd", {"x-a": "1", "x-b": ""}, authority="shop.test", listener="web")))[3] == "won"
    )


def test_a_host_that_no_pattern_covers(in_memory):
    it = in_memory()
    it.apply('clusters: {c: "127.0.0.1:1"}\nroutes: [{hosts: a.test, to: c}]\n')
    found = search(it.gateway.snapshot, request("GET", "/", authority="b.test"), View())
    assert (found.host.kind, found.host.pattern, found.tried, found.winner) == ("none", "", (), None)


def test_a_gateway_without_a_configuration_finds_nothing(in_memory):
    assert search(in_memory().gateway.snapshot, request(), View()).winner is None


def test_a_condition_that_raises_ends_the_look_up(in_memory):
    it = in_memory()
    it.apply('clusters: {c: "127.0.0.1:1"}\nroutes: [{rules: [{match: {method: GET}, to: c}, {to: c}]}]\n')
    snapshot = it.gateway.snapshot
    entry = snapshot.tables[0].hosts[0][1][0]

    def raising(head):
        raise RuntimeError("no")

    object.__setattr__(entry, "conditions", (raising,))
    found = search(snapshot, request(), View())
    assert found.failed and found.winner is None
    assert results(found) == ["failed", "not tried"]
    assert found.tried[0].reasons == ("the condition method raised RuntimeError: no",)
    assert found.tried[1].reasons == ("a condition of an earlier rule raised",)
