import pytest

from shadowgate.bundled.balancers.affinity import CookieAttribute, SessionCookie, seeds
from shadowgate.bundled.balancers.hash import Hash
from shadowgate.bundled.balancers.maglev import Maglev
from shadowgate.bundled.balancers.ring_hash import RingHash
from shadowgate.errors import ConfigError
from shadowgate.testing import candidates, compile_component, environment, from_yaml, request, response

EVERY = pytest.mark.parametrize("balancer", [Hash, RingHash, Maglev])
FURTHER = {Maglev: "\ntableSize: 251"}  # a table that the first request fills


def exchange(balancer, *endpoints, headers=(), env=None, **cookie):
    """Run one request through hooks and balancer; return the pick and what the answer sets."""
    made = from_yaml(balancer, f"cookie: {cookie}{FURTHER.get(balancer, '')}")
    env = env or environment()
    hooks, pick = made.compile_hooks(env), made.compile(candidates(*endpoints), env)
    head, answer = request(headers=headers), response()
    if hooks.on_request is not None:
        assert hooks.on_request(head) is None
    picked = pick(head).name
    if hooks.on_response is not None:
        hooks.on_response(head, answer)
    return picked, [value.decode() for value in answer.headers.get_all(b"set-cookie")]


@EVERY
def test_a_client_without_a_cookie_is_given_one_that_leads_to_the_same_endpoint(balancer):
    env = environment()
    for _ in range(50):
        first, cookies = exchange(balancer, "a", "b", "c", env=env, name="user", ttl="0s")
        sent = cookies[0].partition(";")[0]
        again, none = exchange(balancer, "a", "b", "c", env=env, name="user", ttl="0s", headers={"Cookie": sent})
        assert (first, none) == (again, [])


def test_cookies_that_are_given_are_all_different():
    env = environment()
    given = {exchange(RingHash, "a", "b", env=env, name="user", ttl="0s")[1][0] for _ in range(100)}
    assert len(given) == 100
    assert all(len(value) == len("user=; HttpOnly") + 32 for value in given)


def test_an_empty_cookie_is_none():
    assert len(exchange(RingHash, "a", "b", name="user", ttl="0s", headers={"Cookie": "user="})[1]) == 1


@pytest.mark.parametrize(
    ("cookie", "expected"),
    [
        ({"ttl": "0s"}, "; HttpOnly"),
        ({"ttl": "1h"}, "; Max-Age=3600; HttpOnly"),
        ({"ttl": "500ms"}, "; Max-Age=1; HttpOnly"),
        ({"ttl": "0s", "path": "/app"}, "; Path=/app; HttpOnly"),
        (
            {"ttl": "1m", "path": "/", "attributes": ["SameSite=Lax", {"name": "Secure"}]},
            "; Max-Age=60; Path=/; SameSite=Lax; Secure; HttpOnly",
        ),
        ({"ttl": "0s", "attributes": "httponly"}, "; HttpOnly"),
    ],
)
def test_the_cookie_has_the_attributes_that_were_asked_for(cookie, expected):
    (given,) = exchange(RingHash, "a", "b", name="user", **cookie)[1]
    assert given[len("user=") + 32 :] == expected


@EVERY
def test_without_a_ttl_no_cookie_is_given(balancer):
    hooks = from_yaml(balancer, "cookie: {name: user, path: /}").compile_hooks(environment())
    assert (hooks.on_request, hooks.on_response) == (None, None)
    assert exchange(balancer, "a", "b", name="user", headers={"Cookie": "user=ann"})[1] == []


@EVERY
def test_another_key_than_a_cookie_needs_no_hooks(balancer):
    hooks = from_yaml(balancer, "header: x-user").compile_hooks(environment())
    assert (hooks.on_request, hooks.on_response) == (None, None)


def test_two_balancers_with_one_cookie_set_it_once():
    one, other = (
        from_yaml(each, "cookie: {name: user, ttl: 0s}").compile_hooks(environment()) for each in (Hash, Maglev)
    )
    head, answer = request(), response()
    for hooks in (one, other):
        hooks.on_request(head)
    for hooks in (other, one):
        hooks.on_response(head, answer)
    assert len(answer.headers.get_all(b"set-cookie")) == 1


@EVERY
def test_the_short_form_of_a_cookie_is_its_name(balancer):
    assert from_yaml(balancer, "cookie: user") == balancer(cookie=SessionCookie("user"))


@EVERY
def test_any_of_the_keys_leads_one_user_to_one_place(balancer):
    endpoints = candidates("a", "b", "c")
    keys = {
        "header": ("x-user", lambda user, other: request(headers={"X-User": user, "X-Other": other})),
        "cookie": ("user", lambda user, other: request(headers={"Cookie": f"a={other}; user={user}"})),
        "query": ("user", lambda user, other: request(target=f"/?a={other}&user={user}")),
        "source": (True, lambda user, other: request(peer=user, headers={"X-Other": other})),
    }
    for option, (value, make) in keys.items():
        made = from_yaml(balancer, f"{option}: {str(value).lower()}{FURTHER.get(balancer, '')}")
        pick = made.compile(endpoints, environment())
        places = [{pick(make(f"user-{user}", str(other))).name for other in range(5)} for user in range(60)]
        assert all(len(place) == 1 for place in places), option
        assert set().union(*places) == {"a", "b", "c"}, option


@EVERY
def test_a_request_without_the_key_goes_by_weight_and_chance(balancer):
    pick = compile_component(balancer, candidates(("a", 3), ("b", 1), ("never", 0)), header="x-user")
    picked = [pick(request()).name for _ in range(2000)]
    assert abs(picked.count("b") - 500) < 3 * (2000 * 0.75 * 0.25) ** 0.5
    assert picked.count("never") == 0


def test_who_has_no_weight_takes_no_part():
    assert [endpoint.name for endpoint, _ in seeds(candidates("a", ("b", 0), "c"), "")] == ["a", "c"]


def test_two_entries_of_one_name_are_told_apart():
    (_, first), (_, second) = seeds(candidates("same", "same"), "")
    assert first != second


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("cookie: {path: /}", 'the key "name" is missing'),
        ("cookie: {name: 'a b'}", '"a b" is not a header name'),
        ("cookie: {name: a, path: '/;x'}", 'path has a ";"'),
        ("cookie: {name: a, attributes: 'Same Site=Lax'}", '"Same Site" is not a header name'),
        ("cookie: {name: a, attributes: ['SameSite=L;ax']}", 'value has a ";"'),
        ("cookie: {name: a, attributes: {name: Path, value: /}}", "Path has an option of its own: path"),
        ("cookie: {name: a, attributes: [Max-Age=1]}", "Max-Age has an option of its own: ttl"),
        ("{cookie: a, query: b}", "exactly one of header, cookie, query and source; there is cookie and query"),
    ],
)
def test_a_cookie_that_could_not_be_set_is_refused(text, sentence):
    with pytest.raises(ConfigError, match=sentence):
        from_yaml(RingHash, text)


def test_an_attribute_is_written_as_in_the_field():
    assert str(CookieAttribute.from_scalar("SameSite = Lax")) == "SameSite=Lax"
    assert str(CookieAttribute("Secure")) == "Secure"
