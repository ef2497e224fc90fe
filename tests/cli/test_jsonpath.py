"""JSONPath templates as kubectl reads them."""

import re

import pytest

from shadowgate.cli.jsonpath import Template

PODS = {
    "kind": "List",
    "items": [
        {
            "metadata": {"name": "one", "labels": {"app.kubernetes.io/name": "web", "v": "1"}},
            "spec": {"ports": [{"name": "http", "port": 80}, {"name": "admin", "port": 81}], "on": True},
            "status": {"podIP": "10.0.0.1", "conditions": [{"type": "Ready", "status": "True"}]},
        },
        {"metadata": {"name": "two"}, "spec": {"ports": []}, "status": {"podIP": "10.0.0.2", "gone": None}},
    ],
}


@pytest.mark.parametrize(
    ("template", "written"),
    [
        ("{.items..metadata.name}", "one two"),
        ("{.items[*].status.podIP}", "10.0.0.1 10.0.0.2"),
        ("{.items[0].metadata.name}", "one"),
        ("{.items[-1].metadata.name}", "two"),
        ("{.items[5].metadata.name}", ""),
        ("{.items[0:1].metadata.name}", "one"),
        ("{.items[1:].metadata.name}", "two"),
        ("{$.kind}", "List"),
        ("{..name}", "one http admin two"),
        ("{.items[0].spec.ports[*].port}", "80 81"),
        ("{.items[0].spec.on}", "true"),
        ("{.items[0].spec.ports[0]}", '{"name":"http","port":80}'),
        ("{.items[0].metadata.labels.app\\.kubernetes\\.io/name}", "web"),
        ("{.items[0].metadata.labels['app.kubernetes.io/name']}", "web"),
        ("{.items[0].metadata.labels.*}", "web 1"),
        ('{.items[?(@.metadata.name=="two")].status.podIP}', "10.0.0.2"),
        ("{.items[?(@.metadata.name != 'two')].metadata.name}", "one"),
        ("{.items[0].spec.ports[?(@.port==81)].name}", "admin"),
        ("{.items[?(@.metadata.labels)].metadata.name}", "one"),
        ("{.items[*].status.gone}", ""),
        ("{.nothing.there}", ""),
        ('{range .items[*]}{.metadata.name}{"\\t"}{.status.podIP}{"\\n"}{end}', "one\t10.0.0.1\ntwo\t10.0.0.2\n"),
        ("IP: {.items[0].status.podIP}!", "IP: 10.0.0.1!"),
        ("{range .items[*]}{range .spec.ports[*]}{@.name},{end};{end}", "http,admin,;;"),
        ("", ""),
    ],
)
def test_a_template_writes_what_its_paths_lead_to(template, written):
    assert Template.of(template).write(PODS) == written


@pytest.mark.parametrize(
    ("template", "wrong"),
    [
        ("{.items", "a brace too many"),
        ("{.items}}", "a brace too many"),
        ("{end}", "{end} without {range}"),
        ("{range .items[*]}", "{range} without {end}"),
        ("{.items[}", "is not closed"),
        ("{.items[]}", "neither a place"),
        ("{.items[a]}", "neither a place"),
        ("{items}", "no path"),
        ("{.a b}", "no path"),
        ("{.items[?(@.a==b)]}", "neither a text in quotes nor a number"),
    ],
)
def test_what_is_no_template_is_told(template, wrong):
    with pytest.raises(ValueError, match=re.escape(wrong)):
        Template.of(template)
