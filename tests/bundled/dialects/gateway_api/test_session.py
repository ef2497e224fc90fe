"""Session persistence as the balancers are told of it."""

import pytest

from shadowgate.bundled.balancers.session import Session
from shadowgate.plugin import Report, read

BACKENDS = "backendRefs: [{name: a, port: 80}, {name: b, port: 80}]"


def options(rule, text):
    made = rule(f"{{name: r, sessionPersistence: {text}, {BACKENDS}}}")
    assert made.balancer.options == {**made.balancer.options, "among": "destinations"}
    for destination in made.destinations:
        assert destination.balancer.options == {**made.balancer.options, "among": "endpoints"}
    report = Report()
    assert read(Session, made.balancer.options, report) is not None, report.problems
    return made.balancer.options


@pytest.mark.parametrize(
    ("text", "name", "path", "ttl"),
    [
        ("{cookie: {name: sid}}", "sid", "/", 0),
        ("{cookie: {name: sid, path: /app}, absoluteTimeout: 1h}", "sid", "/app", 0),
        ("{cookie: {name: sid, lifetimeType: Permanent}, absoluteTimeout: 1h}", "sid", "/", 3600),
        ("{sessionName: old}", "old", "/", 0),
        ("{sessionName: old, cookieConfig: {lifetimeType: Session}}", "old", "/", 0),
        ("{sessionName: old, cookieConfig: {lifetimeType: Permanent}, absoluteTimeout: 1h}", "old", "/", 3600),
    ],
)
def test_a_cookie(rule, text, name, path, ttl):
    found = options(rule, text)
    assert found["cookie"] == {"name": name, "path": path, "ttl": ttl, "attributes": ["SameSite=Strict"]}
    assert found.get("timeout") == (3600 if "1h" in text else None)


def test_how_long_a_session_may_be_idle(rule):
    found = options(rule, "{sessionName: old, idleTimeout: 2m}")
    assert (found["idle_timeout"], "timeout" in found) == (120, False)


def test_a_cookie_without_a_name_has_one_that_no_other_rule_has(translate):
    rules = ", ".join(f"{{name: {name}, sessionPersistence: {{}}, {BACKENDS}}}" for name in ("one", "two"))
    (route,), _ = translate("HTTPRoute", f"{{parentRefs: [{{name: gw}}], rules: [{rules}]}}")
    names = [each.balancer.options["cookie"]["name"] for each in route.rules]
    assert all(name.startswith("session-") for name in names)
    assert names[0] != names[1]


@pytest.mark.parametrize("text", ["{type: Header, header: {name: X-S}}", "{type: Header, sessionName: X-S}"])
def test_a_header(rule, text):
    found = options(rule, text)
    assert (found["header"], "cookie" in found) == ("X-S", False)


def test_a_header_without_a_name_has_one_of_our_making(rule):
    assert options(rule, "{type: Header}")["header"].startswith("session-")


def test_sessions_of_one_route_mean_nothing_to_another(rule):
    text = f"{{sessionPersistence: {{cookie: {{name: s}}}}, {BACKENDS}}}"
    salts = {rule(text, metadata=f"{{name: {name}}}").balancer.options["salt"] for name in ("one", "two")}
    assert len(salts) == 2
