"""Labels of clients, given to the conditions that ask for them."""

import pytest

from shadowgate.config.clients import label_clients
from shadowgate.errors import Position
from shadowgate.model import ClientNetwork, Match, PluginUse, Route, Rule
from shadowgate.plugin import Mapping, Report, Scalar

HERE, THERE = Position("a.yaml", 1), Position("b.yaml", 2)
INNER = ClientNetwork(("10.0.0.0/8", "192.0.2.1"), {"app": "web"}, HERE)
CLIENTS = [{"networks": ["10.0.0.0/8", "192.0.2.1"], "labels": {"app": "web"}}]


def labelled(use, *networks):
    report = Report()
    (route,) = label_clients([Route("a", ("a",), (Rule((Match(conditions=(use,)),)),))], networks, report)
    return route.rules[0].matches[0].conditions[0], [problem.code for problem in report.problems]


def test_every_use_of_the_matcher_gets_the_networks():
    use, codes = labelled(PluginUse("source-labels", {"labels": {"app": "web"}}), INNER)
    assert use.options == {"clients": CLIENTS, "labels": {"app": "web"}}
    assert codes == []


def test_options_that_a_document_gave_get_them_too():
    labels = Mapping(((Scalar("app", HERE), Scalar("web", HERE)),), HERE)
    use, _ = labelled(PluginUse("source-labels", Mapping(((Scalar("labels", HERE), labels),), HERE)), INNER)
    assert use.options.get("labels") is labels
    (clients,) = use.options.get("clients")
    assert clients.get("labels").text("app") == "web"


def test_clients_that_a_document_gave_stay():
    own = Mapping(((Scalar("clients", HERE), Scalar("own", HERE)),), HERE)
    assert labelled(PluginUse("source-labels", own), INNER)[0].options is own


def test_other_conditions_are_left_alone():
    use = PluginUse("header", {"name": "x"})
    assert labelled(use, INNER) == (use, [])


def test_to_ask_for_labels_that_nobody_has_is_a_warning():
    assert labelled(PluginUse("source-labels", {"labels": {"a": "b"}}))[1] == ["SG0714"]


@pytest.mark.parametrize("text", ["10.0.0.0/8", "192.0.2.1/32"])
def test_a_network_is_labelled_once(text):
    assert labelled(PluginUse("header"), INNER, ClientNetwork((text,), {}, THERE))[1] == ["SG0715"]
