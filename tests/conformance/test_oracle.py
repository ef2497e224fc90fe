"""The specification's own words on which rule decides, read literally, against what the route table finds.

Listeners, routes, matches and requests are made up from a few hosts, paths and fields, so that they meet often.
"""

import re
from pathlib import PurePosixPath

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shadowgate.testing import request

HOSTS = ("t", "a.t", "b.t", "x.a.t", "*.t", "*.a.t", "*.x.a.t")
ASKED = ("t", "a.t", "b.t", "x.a.t", "y.x.a.t", "z.y.x.a.t", "elsewhere")
PATHS = ("/", "/p", "/p/", "/p/q", "/pq")
ASKED_PATHS = ("/", "/p", "/p/", "/p/q", "/pq", "/p/q/r")
REGEXES = ("/p.*", "/[pq]", ".*")

paths = st.one_of(
    st.fixed_dictionaries({"type": st.sampled_from(["Exact", "PathPrefix"]), "value": st.sampled_from(PATHS)}),
    st.fixed_dictionaries({"type": st.just("RegularExpression"), "value": st.sampled_from(REGEXES)}),
)
fields = st.lists(st.sampled_from(["one", "two"]), unique=True, max_size=2).map(
    lambda names: [{"name": name, "value": "1"} for name in names]
)
matches = st.fixed_dictionaries(
    {}, optional={"path": paths, "method": st.sampled_from(["GET", "POST"]), "headers": fields, "queryParams": fields}
)
rules = st.lists(st.lists(matches, min_size=1, max_size=3), min_size=1, max_size=3)
routes = st.fixed_dictionaries(
    {
        "hostnames": st.lists(st.sampled_from(HOSTS), unique=True, max_size=3),
        "section": st.sampled_from([None, 0, 1, 2]),
        "created": st.sampled_from(["2024-01-01T00:00:00Z", "2025-01-01T00:00:00Z"]),
        "rules": rules,
    }
)
listeners = st.lists(st.sampled_from(("", *HOSTS)), unique=True, min_size=1, max_size=3)
requests = st.tuples(
    st.sampled_from(ASKED),
    st.sampled_from(ASKED_PATHS),
    st.sampled_from(["GET", "POST"]),
    st.sets(st.sampled_from(["one", "two"])),
    st.sets(st.sampled_from(["one", "two"])),
)


# What the specification says


def matches_host(pattern, host):
    return pattern in ("", host) or (pattern.startswith("*.") and host.endswith(pattern[1:]))


def specificity(pattern):
    """Characters of a name without wildcard, then of any."""
    return (not pattern.startswith("*") and bool(pattern), len(pattern))


def narrower(one, other):
    """Return the narrower of two hostnames that have something in common, else None."""
    for wide, narrow in ((one, other), (other, one)):
        if wide in ("", narrow) or (wide.startswith("*.") and narrow.endswith(wide[1:]) and narrow):
            return narrow
    return None


def matches_path(path, asked):
    if path["type"] == "Exact":
        return asked == path["value"]
    if path["type"] == "RegularExpression":
        return re.fullmatch(path["value"], asked) is not None
    wanted = PurePosixPath(path["value"])
    # By whole elements; a slash at the end of the value is ignored.
    return wanted == PurePosixPath(asked) or wanted in PurePosixPath(asked).parents


def holds(match, asked):
    _, path, method, headers, queries = asked
    return (
        matches_path(match.get("path", {"type": "PathPrefix", "value": "/"}), path)
        and match.get("method", method) == method
        and {each["name"] for each in match.get("headers", ())} <= headers
        and {each["name"] for each in match.get("queryParams", ())} <= queries
    )


def precedence(match):
    path = match.get("path", {"type": "PathPrefix", "value": "/"})
    order = {"Exact": 0, "RegularExpression": 1, "PathPrefix": 2}[path["type"]]
    value = path["value"].rstrip("/") if path["type"] == "PathPrefix" else path["value"]
    return (
        order,
        -len(value),
        "method" not in match,
        -len(match.get("headers", ())),
        -len(match.get("queryParams", ())),
    )


def decides(listeners, routes, asked):
    """Return route and rule by their numbers, None where nobody takes the request."""
    host = asked[0]
    serving = [at for at, hostname in enumerate(listeners) if matches_host(hostname, host)]
    if not serving:
        return None
    listener = max(serving, key=lambda at: specificity(listeners[at]))
    attached = []
    for number, route in enumerate(routes):
        if route["section"] in (None, listener):
            common = [narrower(each, listeners[listener]) for each in route["hostnames"] or [""]]
            found = [each for each in common if each is not None and matches_host(each, host)]
            if found:
                attached.append((max(map(specificity, found)), number, route))
    if not attached:
        return None
    best = max(each[0] for each in attached)
    ranked = [
        (precedence(match), route["created"], f"r{number}", rule, at, number)
        for specific, number, route in attached
        if specific == best
        for rule, matched in enumerate(route["rules"])
        for at, match in enumerate(matched)
        if holds(match, asked)
    ]
    if not ranked:
        return None
    winner = min(ranked)
    return winner[5], winner[3]


# What the gateway does


def documents(listeners, routes):
    gateway = {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "Gateway",
        "metadata": {"name": "g"},
        "spec": {
            "gatewayClassName": "ours",
            "listeners": [
                {"name": f"l{at}", "port": 80, "protocol": "HTTP", **({"hostname": hostname} if hostname else {})}
                for at, hostname in enumerate(listeners)
            ],
        },
    }
    objects = [gateway]
    for number, route in enumerate(routes):
        parent = {"name": "g"} if route["section"] is None else {"name": "g", "sectionName": f"l{route['section']}"}
        objects.append(
            {
                "apiVersion": "gateway.networking.k8s.io/v1",
                "kind": "HTTPRoute",
                "metadata": {"name": f"r{number}", "creationTimestamp": route["created"]},
                "spec": {
                    "parentRefs": [parent],
                    "hostnames": route["hostnames"],
                    "rules": [
                        {
                            "name": f"rule{at}",
                            "matches": matched,
                            "filters": [{"type": "RequestRedirect", "requestRedirect": {"scheme": "https"}}],
                        }
                        for at, matched in enumerate(route["rules"])
                    ],
                },
            }
        )
    return yaml.safe_dump_all(objects)


@settings(
    max_examples=150,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(listeners, st.lists(routes, min_size=1, max_size=4), st.lists(requests, min_size=1, max_size=12))
def test_the_route_table_decides_as_the_specification_does(in_memory, listeners, routes, requests):
    it = in_memory(listen=["tcp:8000"])
    it.apply(documents(listeners, routes))
    for asked in requests:
        host, path, method, headers, queries = asked
        target = path + "".join(f"{'&' if at else '?'}{name}=1" for at, name in enumerate(sorted(queries)))
        head = request(method, target, {name: "1" for name in headers}, authority=host)
        head.listener = "port 80"
        found = it.gateway.snapshot.find(head)
        decided = decides(listeners, routes, asked)
        expected = None if decided is None else (f"r{decided[0]}", f"rule{decided[1]}")
        assert (None if found is None else (found.route, found.name)) == expected, asked
