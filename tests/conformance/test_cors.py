"""``HTTPRouteCORS`` of the conformance suite: preflights are the gateway's to answer, other requests go through."""

import pytest

RULE = """
  - matches: [{path: {value: %s}}]
    filters: [{type: CORS, cors: {%s}}]
    backendRefs: [{name: v1, port: 8080}]
"""
ROUTE = """
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: cors, namespace: infra}
spec:
  parentRefs: [{name: same-namespace}]
  rules:
"""
RULES = {
    "/several": """allowOrigins: ["https://www.foo.com", "https://*.bar.com"], allowMethods: [GET, OPTIONS],
        allowHeaders: [x-header-1, x-header-2], exposeHeaders: [x-header-3, x-header-4], allowCredentials: true,
        maxAge: 3600""",
    "/any-method": 'allowOrigins: ["https://www.foo.com"], allowMethods: ["*"]',
    "/any-origin": 'allowOrigins: ["*"], allowMethods: [PUT], allowCredentials: false',
    "/anything": 'allowOrigins: ["*"], allowMethods: ["*"], allowHeaders: ["*"], allowCredentials: true',
    "/anything-unauthorised": 'allowOrigins: ["*"], allowMethods: ["*"], allowHeaders: ["*"], allowCredentials: false',
}


@pytest.fixture
def cors(serve):
    return serve(ROUTE + "".join(RULE % each for each in RULES.items()))


def names(value):
    return {name.strip().lower() for name in value.split(",")}


def preflight(cors, path, origin, method, headers=""):
    fields = [("Origin", origin), ("Access-Control-Request-Method", method)]
    if headers:
        fields.append(("Access-Control-Request-Headers", headers))
    done = cors.ask("OPTIONS", path, fields=fields)
    assert not done.seen, "a preflight is never forwarded"
    return done.status, {
        name.removeprefix("access-control-"): value
        for name, value in done.answer.fields.items()
        if name.startswith("access-control-")
    }


@pytest.mark.parametrize("origin", ["https://www.foo.com", "https://www.bar.com", "https://xpto.www.bar.com"])
def test_a_preflight_of_an_origin_that_is_listed_gets_all_that_is_allowed(cors, origin):
    status, said = preflight(cors, "/several", origin, "GET", "x-header-1, x-header-2")
    assert status in (200, 204)
    assert said["allow-origin"] == origin
    assert names(said["allow-methods"]) == {"get", "options"}
    assert names(said["allow-headers"]) == {"x-header-1", "x-header-2"}
    assert names(said["expose-headers"]) == {"x-header-3", "x-header-4"}
    assert said["max-age"] == "3600"
    assert said["allow-credentials"] == "true"


def test_a_preflight_of_another_origin_gets_no_origin(cors):
    status, said = preflight(cors, "/several", "https://foobar.com", "GET")
    assert status in (200, 204, 403)
    assert "allow-origin" not in said


@pytest.mark.parametrize("origin", ["https://www.foo.com", "https://www.bar.com"])
def test_an_ordinary_request_of_an_origin_that_is_listed_is_told_so(cors, origin):
    done = cors.ask("GET", "/several", fields=[("Origin", origin)])
    assert (done.status, done.backend) == (200, "v1")
    assert done.answer.fields["access-control-allow-origin"] == origin


def test_an_ordinary_request_of_another_origin_is_forwarded_and_not_told(cors):
    done = cors.ask("GET", "/several", fields=[("Origin", "https://foobar.com")])
    assert done.backend == "v1"
    assert "access-control-allow-origin" not in done.answer.fields


def test_every_method_can_be_allowed(cors):
    status, said = preflight(cors, "/any-method", "https://www.foo.com", "POST")
    assert status in (200, 204)
    assert said["allow-origin"] == "https://www.foo.com"
    assert said["allow-methods"] in ("POST", "*")
    assert "allow-credentials" not in said


@pytest.mark.parametrize("origin", ["https://foobar.com", "https://foobar.com:12345"])
def test_every_origin_can_be_allowed(cors, origin):
    status, said = preflight(cors, "/any-origin", origin, "PUT")
    assert status in (200, 204)
    assert said["allow-origin"] in (origin, "*")
    assert said["allow-methods"] == "PUT"
    assert "allow-credentials" not in said
    done = cors.ask("PUT", "/any-origin", fields=[("Origin", origin)])
    assert done.answer.fields["access-control-allow-origin"] in (origin, "*")
    assert "access-control-allow-credentials" not in done.answer.fields


def test_with_credentials_the_origin_and_what_was_asked_are_named(cors):
    status, said = preflight(cors, "/anything", "https://other.foo.com", "PUT", "x-header-1, x-header-2")
    assert status in (200, 204)
    assert said["allow-origin"] == "https://other.foo.com"
    assert said["allow-methods"] == "PUT"
    assert names(said["allow-headers"]) == {"x-header-1", "x-header-2"}
    assert said["allow-credentials"] == "true"
    done = cors.ask("GET", "/anything", fields=[("Origin", "https://other.foo.com")])
    assert done.answer.fields["access-control-allow-origin"] == "https://other.foo.com"
    assert done.answer.fields["access-control-allow-credentials"] == "true"


def test_without_credentials_nothing_is_said_of_them(cors):
    path = "/anything-unauthorised"
    status, said = preflight(cors, path, "https://other.foo.com", "PUT", "x-header-1, x-header-2")
    assert status in (200, 204)
    assert said["allow-origin"] in ("https://other.foo.com", "*")
    assert said["allow-methods"] in ("PUT", "*")
    assert said["allow-headers"] == "*" or names(said["allow-headers"]) == {"x-header-1", "x-header-2"}
    assert "allow-credentials" not in said
    done = cors.ask("GET", path, fields=[("Origin", "https://other.foo.com")])
    assert done.answer.fields["access-control-allow-origin"] in ("https://other.foo.com", "*")
    assert "access-control-allow-credentials" not in done.answer.fields
