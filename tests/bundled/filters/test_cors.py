import pytest

from shadowgate.bundled.filters.cors import Cors
from shadowgate.errors import ConfigError
from shadowgate.testing import compile_component, from_yaml, request, response

SHOP = "https://shop.example"


def asked(hooks, method="GET", **fields):
    """Run a request through; return the gateway's own answer, if any, and the fields of the answer on its way out."""
    head = request(method, headers={name.replace("_", "-"): value for name, value in fields.items()})
    reply = hooks.on_request(head)
    answer = response(200, [("Content-Type", "text/plain")]) if reply is None else response(reply.status)
    for name, value in () if reply is None else reply.headers:
        answer.headers.add(name, value)
    hooks.on_response(head, answer)
    return reply, {name.decode().lower(): value.decode() for name, value in answer.headers.pairs}


def preflight(hooks, origin=SHOP, **fields):
    return asked(hooks, "OPTIONS", origin=origin, access_control_request_method="PUT", **fields)


def test_the_answer_to_an_allowed_origin_names_it():
    reply, fields = asked(compile_component(Cors, allow_origins=[SHOP]), origin=SHOP)
    assert reply is None
    assert fields == {"content-type": "text/plain", "access-control-allow-origin": SHOP, "vary": "Origin"}


def test_another_origin_is_forwarded_and_not_named():
    reply, fields = asked(compile_component(Cors, allow_origins=[SHOP]), origin="https://evil.example")
    assert reply is None
    assert fields == {"content-type": "text/plain", "vary": "Origin"}


def test_a_request_without_an_origin_is_no_business_of_ours_but_its_answer_varies():
    hooks = compile_component(Cors, allow_origins=["*"], allow_credentials=True)
    assert asked(hooks) == (None, {"content-type": "text/plain", "vary": "Origin"})
    assert asked(hooks, "OPTIONS", access_control_request_method="PUT")[0] is None


@pytest.mark.parametrize(
    ("condition", "origin", "allowed"),
    [
        ({"exact": SHOP}, SHOP, True),
        ({"exact": SHOP}, "https://shop.example:8443", False),
        ({"exact": SHOP}, "http://shop.example", False),
        ({"prefix": "https://shop."}, SHOP, True),
        ({"prefix": "https://shop."}, "http://shop.example", False),
        ({"regex": r"https://[a-z]+\.example"}, SHOP, True),
        ({"regex": r"https://[a-z]+\.example"}, "https://shop.example.evil", False),
        ({"exact": "*"}, "https://anyone.example", True),
        ({"exact": "*"}, "null", True),
    ],
)
def test_an_origin_is_allowed_by_one_of_the_conditions(condition, origin, allowed):
    hooks = compile_component(Cors, allow_origins=[{"exact": "https://other.example"}, condition])
    assert asked(hooks, origin=origin)[1].get("access-control-allow-origin") == (origin if allowed else None)


def test_without_conditions_no_origin_is_allowed():
    assert "access-control-allow-origin" not in asked(compile_component(Cors), origin=SHOP)[1]


def test_a_preflight_of_an_allowed_origin_is_answered_here():
    options = {
        "allow_origins": SHOP,
        "allow_methods": ["GET", "PUT"],
        "allow_headers": ["X-A", "X-B"],
        "max_age": "1m30s",
    }
    reply, fields = preflight(compile_component(Cors, **options))
    assert (reply.status, reply.body) == (200, b"")
    assert fields == {
        "access-control-allow-origin": SHOP,
        "access-control-allow-methods": "GET,PUT",
        "access-control-allow-headers": "X-A,X-B",
        "access-control-max-age": "90",
        "vary": "Origin",
    }


def test_a_preflight_is_answered_with_no_more_than_was_given():
    assert preflight(compile_component(Cors, allow_origins=SHOP))[1] == {
        "access-control-allow-origin": SHOP,
        "vary": "Origin",
    }


def test_a_star_allows_what_is_asked_for_by_its_name():
    hooks = compile_component(Cors, allow_origins="*", allow_methods="*", allow_headers="*")
    fields = preflight(hooks, access_control_request_headers="x-a, x-b")[1]
    assert fields["access-control-allow-methods"] == "PUT"
    assert fields["access-control-allow-headers"] == "x-a, x-b"
    assert "access-control-allow-headers" not in preflight(hooks)[1]


def test_credentials_and_exposed_headers_are_said_on_every_answer_to_an_allowed_origin():
    hooks = compile_component(Cors, allow_origins=SHOP, allow_credentials=True, expose_headers=["X-A", "X-B"])
    for fields in (asked(hooks, origin=SHOP)[1], preflight(hooks)[1]):
        assert fields["access-control-allow-credentials"] == "true"
        assert fields["access-control-expose-headers"] == "X-A,X-B"
    assert "access-control-allow-credentials" not in asked(hooks, origin="https://evil.example")[1]


@pytest.mark.parametrize("said", [None, False])
def test_credentials_that_are_not_allowed_are_not_mentioned(said):
    hooks = compile_component(Cors, allow_origins=SHOP, allow_credentials=said)
    assert "access-control-allow-credentials" not in asked(hooks, origin=SHOP)[1]


def test_a_preflight_of_another_origin_is_forwarded_unless_told_otherwise():
    assert preflight(compile_component(Cors, allow_origins=SHOP), origin="https://evil.example")[0] is None


def test_a_preflight_of_another_origin_can_be_answered_without_allowing_anything():
    options = {"allow_origins": SHOP, "allow_methods": "PUT", "allow_credentials": True}
    hooks = compile_component(Cors, **options, unmatched_preflights="ignore")
    reply, fields = preflight(hooks, origin="https://evil.example")
    assert (reply.status, fields) == (200, {"vary": "Origin"})
    assert asked(hooks, origin="https://evil.example")[0] is None


def test_options_without_a_method_to_ask_for_is_no_preflight():
    hooks = compile_component(Cors, allow_origins=SHOP, unmatched_preflights="ignore")
    reply, fields = asked(hooks, "OPTIONS", origin=SHOP)
    assert reply is None
    assert fields["access-control-allow-origin"] == SHOP
    assert asked(hooks, "OPTIONS", origin="https://evil.example")[0] is None


def test_another_method_with_the_field_of_a_preflight_is_none():
    hooks = compile_component(Cors, allow_origins=SHOP)
    assert asked(hooks, "GET", origin=SHOP, access_control_request_method="PUT")[0] is None


def test_what_the_upstream_says_about_origins_is_replaced_for_allowed_ones_and_stands_for_others():
    hooks = compile_component(Cors, allow_origins=SHOP)
    for origin, expected in ((SHOP, SHOP), ("https://other.example", "*")):
        head = request(headers={"Origin": origin})
        answer = response(headers={"Access-Control-Allow-Origin": "*"})
        hooks.on_request(head)
        hooks.on_response(head, answer)
        assert answer.headers.get_all(b"access-control-allow-origin") == [expected.encode()]


def test_the_origin_is_that_of_the_request_as_it_came():
    hooks = compile_component(Cors, allow_origins=SHOP)
    head, answer = request(headers={"Origin": SHOP}), response()
    hooks.on_request(head)
    head.headers.remove(b"origin")
    hooks.on_response(head, answer)
    assert answer.headers.get(b"access-control-allow-origin") == SHOP.encode()


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (["Accept"], ["Accept", "Origin"]),
        (["Accept, origin"], ["Accept, origin"]),
        (["*"], ["*"]),
        (["Accept", "Origin"], ["Accept", "Origin"]),
    ],
)
def test_vary_is_added_to_what_the_upstream_says(said, expected):
    answer = response(headers=[("Vary", value) for value in said])
    compile_component(Cors, allow_origins=SHOP).on_response(request(), answer)
    assert answer.headers.get_all(b"vary") == [value.encode() for value in expected]


def test_two_policies_in_one_exchange_do_not_know_of_each_other():
    one, other = compile_component(Cors, allow_origins=SHOP), compile_component(Cors)
    head, answer = request(headers={"Origin": SHOP}), response()
    one.on_request(head)
    other.on_request(head)
    other.on_response(head, answer)
    assert b"access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("allowOrigins: [{exact: a, prefix: b}]", "exactly one of exact, prefix and regex; there is exact and prefix"),
        ("allowOrigins: {regex: '('}", "missing \\)"),
        ("allowMethods: ['PUT, GET']", '"PUT, GET" is not a method'),
        ("allowHeaders: 'x a'", '"x a" is not a header name'),
        ("exposeHeaders: ['x:']", '"x:" is not a header name'),
        ("maxAge: 1500ms", "maxAge is sent in whole seconds"),
        ("unmatchedPreflights: IGNORE", '"IGNORE" is not known here'),
    ],
)
def test_what_no_browser_would_understand_is_refused(text, sentence):
    with pytest.raises(ConfigError, match=sentence):
        from_yaml(Cors, text)


@pytest.mark.parametrize(("credentials", "expected"), [(True, b"x-one,content-type"), (False, b"*")])
def test_with_credentials_all_headers_are_exposed_by_their_names(credentials, expected):
    hooks = compile_component(Cors, allow_origins=SHOP, expose_headers="*", allow_credentials=credentials)
    head, answer = request(headers={"Origin": SHOP}), response(headers={"X-One": "1", "Content-Type": "text/plain"})
    hooks.on_request(head)
    hooks.on_response(head, answer)
    assert answer.headers.get(b"access-control-expose-headers") == expected


def test_an_origin_without_permission_gets_an_empty_answer_to_its_preflight_where_none_is_forwarded():
    hooks = compile_component(Cors, allow_origins=SHOP, unmatched_preflights="ignore")
    headers = {"Origin": "https://other.example", "Access-Control-Request-Method": "PUT"}
    head, answer = request("OPTIONS", headers=headers), response()
    reply = hooks.on_request(head)
    hooks.on_response(head, answer)
    assert (reply.status, reply.headers) == (200, ())
    assert b"access-control-allow-origin" not in answer.headers
