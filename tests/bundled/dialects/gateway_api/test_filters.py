"""What a list of filters amounts to."""

import pytest

from shadowgate.model import Condition

TO_A = "backendRefs: [{name: a, port: 80}]"


def test_filters_stand_in_their_order(rule):
    made = rule(
        "{matches: [{path: {value: /p}}], filters: ["
        "{type: ResponseHeaderModifier, responseHeaderModifier: {add: [{name: a, value: b}]}},"
        "{type: CORS, cors: {}},"
        "{type: ExtensionRef, extensionRef: {group: shadowgate.io, kind: Filter, name: mine}},"
        "{type: URLRewrite, urlRewrite: {hostname: h, path: {type: ReplacePrefixMatch, replacePrefixMatch: /q}}},"
        "{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: a, value: b}]}}"
        f"], {TO_A}}}"
    )
    assert [use.name or use.definition for use in made.filters] == [
        "header-rewrite",
        "cors",
        "shop/mine",
        "path-rewrite",
        "header-rewrite",
        "header-rewrite",
    ]
    assert (made.failure, made.conditions) == ("", ())


def test_mirrors_are_apart_from_the_other_filters(rule):
    mirror = "{type: RequestMirror, requestMirror: {backendRef: {name: m, port: 80}}}"
    made = rule(f"{{filters: [{mirror}, {mirror}], {TO_A}}}")
    assert (len(made.mirrors), made.filters) == (2, ())


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("{type: Later}", "Later"),
        ("{type: ExternalAuth, externalAuth: {protocol: HTTP, backendRef: {name: a, port: 80}}}", "ExternalAuth"),
    ],
)
def test_a_filter_that_is_not_served_fails_the_rule_and_is_a_condition(rule, text, named):
    made = rule(f"{{filters: [{text}], {TO_A}}}")
    assert made.failure == f"filters of the type {named} are not served"
    assert made.conditions == (Condition("Accepted", False, "UnsupportedValue", made.failure),)


def test_on_a_backend_it_fails_the_backends_share(rule):
    made = rule("{backendRefs: [{name: a, port: 80, filters: [{type: Later}]}, {name: b, port: 80}]}")
    assert made.failure == ""
    assert [bool(each.failure) for each in made.destinations] == [True, False]
    assert [each.reason for each in made.conditions] == ["UnsupportedValue"]


def test_an_extension_of_another_kind_is_no_definition_of_ours(rule):
    reference = "{type: ExtensionRef, extensionRef: {group: a.example, kind: Filter, name: mine}}"
    made = rule(f"{{filters: [{reference}], {TO_A}}}")
    assert made.filters[0].definition == "Filter.a.example shop/mine"


def test_extensions_may_be_repeated(rule):
    reference = "{type: ExtensionRef, extensionRef: {group: shadowgate.io, kind: Filter, name: mine}}"
    assert len(rule(f"{{filters: [{reference}, {reference}], {TO_A}}}").filters) == 2
