"""A configuration in pieces, and put together again."""

import pickle
from pathlib import Path

import pytest
from attrs import evolve, fields

from shadowgate.config.pipeline import load
from shadowgate.errors import ConfigError
from shadowgate.model import Configuration, PluginUse
from shadowgate.plugin import Report
from shadowgate.plugin.documents import Mapping, Node, Scalar, Sequence
from shadowgate.plugin.yaml import read_text
from shadowgate.workers.packing import RULES_AT_ONCE, pack, unpack

TEXT = """\
clusters: {v1: {endpoints: [127.0.0.1:8001], balancer: round-robin}}
listeners: {name: web, endpoint: "tcp:8000"}
routes:
  name: all
  rules:
  - match: {path: {prefix: /a}, headers: {x-user: 'yes'}}
    to: v1
    filters: {header-rewrite: {response: {set: {x-version: "1"}}}}
    mirror: v1
"""


def configuration_of(text, catalog):
    loaded = load(read_text(text, "gw.yaml", Report()), (), catalog)
    assert not loaded.report.failed, loaded.report.problems
    return loaded.configuration


def places(value):
    """Every place in a tree of values: equality does not look at them."""
    if isinstance(value, tuple):
        for item in value:
            yield from places(item)
    elif isinstance(value, Scalar | Sequence | Mapping | PluginUse) or hasattr(value, "__attrs_attrs__"):
        if hasattr(value, "position"):
            yield value.position
        for attribute in fields(type(value)):
            yield from places(getattr(value, attribute.name))


def test_it_comes_back_the_same_and_every_place_with_it(bundled):
    configuration = configuration_of(TEXT, bundled)
    back = unpack(pack(configuration))
    assert back == configuration
    assert list(places(back)) == list(places(configuration))
    assert len(list(places(back))) > 10
    assert back.find("v1") is back.clusters[0]


def test_the_options_of_a_plugin_come_back_as_they_were_written(bundled):
    def options(configuration) -> Node:
        return configuration.routes[0].rules[0].filters[0].options

    configuration = configuration_of(TEXT, bundled)
    assert options(unpack(pack(configuration))) == options(configuration)


@pytest.mark.parametrize("number", [RULES_AT_ONCE, RULES_AT_ONCE + 1, 3 * RULES_AT_ONCE])
def test_a_long_route_travels_in_several_pieces(bundled, number):
    (route,) = configuration_of(TEXT, bundled).routes
    rules = tuple(evolve(route.rules[0], name=f"rule-{at}") for at in range(number))
    configuration = Configuration(routes=(evolve(route, rules=rules), route))
    packed = pack(configuration)
    assert len(packed) == -(-number // RULES_AT_ONCE) + 1
    assert unpack(packed) == configuration


def test_what_cannot_leave_the_process_is_refused_with_words(bundled):
    (route,) = configuration_of(TEXT, bundled).routes
    rule = evolve(route.rules[0], filters=(PluginUse("acme", {"call": lambda: None}),))
    with pytest.raises(ConfigError, match="cannot be given to workers"):
        pack(Configuration(routes=(evolve(route, rules=(rule,)),)))


def test_no_piece_needs_another_one(bundled):
    for piece in pack(configuration_of(TEXT, bundled)):
        assert pickle.loads(piece)


CASES = sorted((Path(__file__).parents[1] / "cases").glob("*/*.yaml"))


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_whatever_a_dialect_says_can_be_given_to_workers(bundled, path):
    text = path.read_text().partition("# ---- result\n")[0]
    configuration = load(read_text(text, path.name, Report()), (), bundled).configuration
    assert unpack(pack(configuration)) == configuration


def test_there_are_cases_of_every_dialect():
    assert {"gateway-api", "istio", "kubernetes", "native"} <= {path.parent.name for path in CASES}
