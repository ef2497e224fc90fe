"""The view of a configuration shows all that can be said, in one spelling."""

import json

import attrs
import pytest

from shadowgate import model
from shadowgate.config.view import View, inline, seconds
from shadowgate.errors import Position
from shadowgate.model import (
    GATEWAY_GROUP,
    Cluster,
    Condition,
    Configuration,
    Destination,
    Endpoint,
    Listener,
    Match,
    Mirror,
    ObjectKey,
    PathMatch,
    PluginUse,
    Route,
    Rule,
    Status,
    TrafficPolicy,
)
from shadowgate.plugin import IBalancer, IFilter, IMatcher, IMirrorPolicy
from shadowgate.plugin.documents import Mapping, Scalar, Sequence

HERE = Position("a.yaml", 3, 5)


def test_every_part_is_shown_with_its_name_first_and_its_place():
    route = Route(
        "web",
        ("a.test",),
        (Rule((Match(PathMatch("prefix", "/x", position=HERE)),), (Destination("b", "v1", weight=3),), position=HERE),),
        position=HERE,
    )
    shown = View().configuration(
        Configuration((Listener("l", "tcp:1"),), (route,), (Cluster("b", (Endpoint("h", 1),)),))
    )
    assert list(shown) == ["listeners", "routes", "clusters", "statuses"]
    (part,) = shown["routes"]
    assert list(part)[:3] == ["kind", "namespace", "name"]
    assert part["position"] == "a.yaml:3:5"
    (rule,) = part["rules"]
    assert rule["matches"][0]["path"]["value"] == "/x"
    assert rule["destinations"][0]["destination"] == "b/v1"
    assert rule["destinations"][0]["weight"] == 3
    assert shown["clusters"][0]["endpoints"][0]["address"] == "h"


def test_what_was_not_said_and_what_has_no_place_is_left_out():
    shown = View().part(Rule())
    assert "timeouts" not in shown and "position" not in shown
    assert shown["destinations"] == []


@pytest.mark.parametrize("kind", [Listener, Route, Rule, Match, Destination, Mirror, Cluster, Endpoint, TrafficPolicy])
def test_no_field_of_the_model_is_forgotten(kind):
    """A field that is None in the sample may be missing, and so may some that are empty; others may not."""
    required = {field.name: "x" for field in attrs.fields(kind) if field.init and field.default is attrs.NOTHING}
    if kind is Mirror:
        required = {"destination": Destination("x")}
    elif kind is Route:
        required = {"name": "x", "hosts": (), "rules": ()}
    part = kind(**required)
    said = {
        field.name
        for field in attrs.fields(kind)
        if field.init
        and getattr(part, field.name) is not None
        and field.name not in ("position", "said", "inherits", "named", "takes_defaults", "failure", "parents")
        and not (kind is Rule and field.name == "conditions")
    }
    assert len(View().part(part)) - isinstance(part, Destination) == len(said)


def test_it_is_json():
    use = PluginUse("respond", {"headers": {"x": "1"}})
    route = Route("web", ("*",), (Rule(filters=(use,), timeouts=model.Timeouts()),))
    assert json.loads(json.dumps(View().part(route)))["rules"][0]["timeouts"]["connect"] == 10


# Plugins


def test_options_are_shown_as_the_plugin_understood_them(bundled):
    written = PluginUse("header-rewrite", Mapping(((Scalar("response", HERE), _remove("server")),), HERE))
    made = PluginUse("header-rewrite", {"response": {"remove": ("server",)}, "request": {"set": {}}})
    view = View(bundled)
    assert view.use(written, IFilter) == view.use(made, IFilter)
    assert view.use(made, IFilter) == {"plugin": "header-rewrite", "options": {"response": {"remove": ["server"]}}}


def test_options_at_their_defaults_are_not_shown(bundled):
    assert View(bundled).use(PluginUse("random", {"percent": 100}), IMirrorPolicy) == {"plugin": "random"}
    assert View(bundled).use(PluginUse("random", {"percent": 5}), IMirrorPolicy)["options"] == {"percent": 5}


def test_durations_are_text_again(bundled):
    use = PluginUse("retry", {"backoff": 0.05})
    shown = View(bundled).part(Rule(retry=use))["retry"]
    assert shown["options"]["backoff"] == "50ms"


def test_without_a_catalog_options_stay_as_they_were_written():
    use = PluginUse("own", Mapping(((Scalar("a", HERE), Sequence((Scalar("1", HERE),), HERE)),), HERE), on_error="skip")
    assert View().use(use, IFilter) == {"plugin": "own", "options": {"a": ["1"]}, "onError": "skip"}


def test_an_unknown_plugin_is_shown_as_it_was_written(bundled):
    assert View(bundled).use(PluginUse("not-there", {"a": 1}), IBalancer) == {
        "plugin": "not-there",
        "options": {"a": 1},
    }


def test_words_hide_secrets(bundled):
    use = PluginUse("header", {"name": "authorization", "exact": "Bearer s3cret"})
    assert View(bundled).words(use, IMatcher) == 'header {name: authorization, exact: "[redacted]"}'


def _remove(name):
    return Mapping(((Scalar("remove", HERE), Scalar(name, HERE)),), HERE)


# Text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": [1, True, None], "b": 0.5}, "{a: [1, true, null], b: 0.5}"),
        ("/plain-path.html", "/plain-path.html"),
        ("127.0.0.1", "127.0.0.1"),
        ("", '""'),
        ("1", '"1"'),
        ("yes", '"yes"'),
        ("NO", '"NO"'),
        ("a: b", '"a: b"'),
        ("[x]", '"[x]"'),
        ("two words", '"two words"'),
        ('say "it"', '"say \\"it\\""'),
        ("ü", "ü"),
    ],
)
def test_values_on_one_line_are_yaml(value, text):
    assert inline(value) == text


@pytest.mark.parametrize(("value", "text"), [(0, "0s"), (0.25, "250ms"), (1, "1s"), (1.5, "1.5s"), (90, "90s")])
def test_seconds_as_they_are_written(value, text):
    assert seconds(value) == text


def test_statuses_are_shown_as_the_api_has_them():
    status = Status(ObjectKey(GATEWAY_GROUP, "GatewayClass", "", "ours"), 2, (Condition("Accepted", True, "Accepted"),))
    (shown,) = View().configuration(Configuration(statuses=(status,)))["statuses"]
    assert shown == {
        "kind": "GatewayClass",
        "name": "ours",
        "status": {
            "conditions": [
                {"type": "Accepted", "status": "True", "reason": "Accepted", "message": "", "observedGeneration": 2}
            ]
        },
    }


def test_failures_are_shown_where_there_are_some():
    assert "failure" not in View().part(Destination("a"))
    assert View().part(Destination("a", failure="no"))["failure"] == "no"
