"""Over generated configurations and requests: what is explained is what the look-up finds and what the gateway does."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shadowgate.admin.question import Question, answer
from shadowgate.compiler.search import search
from shadowgate.config.view import View
from shadowgate.testing import request

SEEDED = settings(
    derandomize=True, database=None, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
HOSTS = ("a.test", "b.test", "x.a.test", "*.a.test", "*.test", "*")
PATHS = ("/", "/a", "/a/", "/a/b", "/ab", "/b", "/A")
REGEXES = ("/a.*", "/[ab]+", "/a/?b?", ".*")
NAMES = ("x-a", "x-b")
VALUES = ("1", "2", "12")
CLUSTERS = ("c0", "c1", "c2", "empty")

texts = st.one_of(
    st.sampled_from(VALUES),
    st.fixed_dictionaries({"present": st.booleans()}),
    st.fixed_dictionaries({"prefix": st.sampled_from(VALUES)}),
    st.fixed_dictionaries({"regex": st.sampled_from(("[12]", "1.*"))}),
)
paths = st.one_of(
    st.fixed_dictionaries(
        {"kind": st.sampled_from(("exact", "prefix", "segments")), "value": st.sampled_from(PATHS)},
        optional={"ignoreCase": st.booleans()},
    ),
    st.fixed_dictionaries({"kind": st.just("regex"), "value": st.sampled_from(REGEXES)}),
).map(lambda path: {path.pop("kind"): path.pop("value"), **path})
matches = st.fixed_dictionaries(
    {},
    optional={
        "path": paths,
        "method": st.sampled_from(("GET", "POST")),
        "headers": st.dictionaries(st.sampled_from(NAMES), texts, min_size=1, max_size=2),
        "query": st.dictionaries(st.sampled_from(("q", "r")), texts, min_size=1, max_size=1),
    },
)
destinations = st.lists(
    st.fixed_dictionaries({"cluster": st.sampled_from(CLUSTERS), "weight": st.integers(0, 3)}),
    min_size=1,
    max_size=3,
    unique_by=lambda one: one["cluster"],
).filter(lambda several: len(several) == 1 or any(one["weight"] for one in several))
filters = st.sampled_from(
    (
        {"respond": {"status": 201}},
        {"redirect": {"authority": "elsewhere.test"}},
        {"header-rewrite": {"request": {"set": {"Host": "rewritten.test:81"}}}},
        {"path-rewrite": {"prefix": "/a", "replacement": "/z"}},
    )
)
mirrors = st.fixed_dictionaries(
    {"to": st.sampled_from(("m0", "m1", "empty")), "percent": st.sampled_from((0, 100))},
    optional={"suffix": st.sampled_from(("", "-copy"))},
)
rules = st.fixed_dictionaries(
    {"to": destinations},
    optional={
        "match": st.lists(matches, min_size=1, max_size=2),
        "filters": st.lists(filters, max_size=2),
        "mirror": st.lists(mirrors, max_size=2, unique_by=lambda mirror: mirror["to"]),
    },
)
requests = st.builds(
    Question,
    url=st.builds(
        "http://{}{}{}".format,
        st.sampled_from(("a.test", "A.TEST:8000", "b.test", "x.a.test", "y.x.a.test", "c.test", "other")),
        st.sampled_from((*PATHS, "/a/b/c", "/b/a", "/abc")),
        st.sampled_from(("", "?q=1", "?q=2&r=12", "?r")),
    ),
    method=st.sampled_from(("GET", "POST")),
    headers=st.lists(st.builds("{}: {}".format, st.sampled_from(NAMES), st.sampled_from(VALUES)), max_size=2).map(
        tuple
    ),
    listener=st.just("default"),
)


def configurations(most_hosts, rules_of_a_route):
    routes = st.fixed_dictionaries(
        {
            "hosts": st.lists(st.sampled_from(HOSTS), min_size=1, max_size=most_hosts, unique=True),
            "rules": rules_of_a_route,
        },
        optional={"listeners": st.sampled_from(("default", "other"))},
    )
    return st.lists(routes, min_size=1, max_size=3).map(_configuration)


def _configuration(routes):
    """Name every route and rule, so that the access log tells which one it was."""
    for number, route in enumerate(routes):
        route["name"] = f"route{number}"
        for place, rule in enumerate(route["rules"]):
            rule["name"] = f"rule{place}"
    return {
        "listeners": [{"name": "default", "endpoint": "tcp:8000"}, {"name": "other", "endpoint": "tcp:8001"}],
        "clusters": {
            **{name: f"10.0.0.{number}:80" for number, name in enumerate(CLUSTERS[:-1])},
            **{f"m{number}": f"10.1.0.{number}:80" for number in range(2)},
            "empty": [],
        },
        "routes": routes,
    }


SMALL = configurations(2, st.lists(rules, min_size=1, max_size=3))
LARGE = configurations(1, st.lists(rules, min_size=9, max_size=14))


def check_rule(it, configuration, question):
    it.apply(json.dumps(configuration))
    snapshot = it.gateway.snapshot
    head = request(
        question.method,
        "/" + question.url.split("/", 3)[3],
        [tuple(line.split(": ")) for line in question.headers],
        authority=question.url.split("/")[2],
    )
    found = search(snapshot, head, View())
    rule = snapshot.find(head)
    assert (None if found.winner is None else found.winner.rule) is rule
    assert [tried.result for tried in found.tried].count("won") == (rule is not None)


@SEEDED
@given(configuration=SMALL, question=requests)
def test_the_winner_is_the_rule_that_a_small_table_finds(in_memory, configuration, question):
    check_rule(in_memory(), configuration, question)


@SEEDED
@given(configuration=LARGE, question=requests)
def test_the_winner_is_the_rule_that_an_indexed_table_finds(in_memory, configuration, question):
    check_rule(in_memory(), configuration, question)


@SEEDED
@given(configuration=st.one_of(SMALL, LARGE), question=requests)
def test_the_gateway_does_what_is_explained(in_memory, configuration, question):
    it = in_memory()
    it.apply(json.dumps(configuration))
    it.gateway.listen()
    gateway = it.gateway
    told = answer(question, gateway.snapshot, gateway.catalog, gateway.core.prepare)
    client = it.client()
    client.send(_wire_bytes(question))
    if "answer" in told:
        assert client.take().startswith(b"HTTP/1.1 %d " % told["answer"]["status"])
        assert it.dialled == []
        return
    reachable = [share for share in told["destinations"] if share["percent"]]
    got = client.take()
    if got:
        statuses = {503 for share in reachable if share["problem"]}
        statuses |= {share["answer"]["status"] for share in reachable if "answer" in share}
        assert int(got.split()[1]) in statuses
        return
    (dialled,) = it.dialled
    (share,) = [one for one in reachable if dialled in [endpoint["address"] for endpoint in one["endpoints"]]]
    upstream = it.upstream()
    head = upstream.take().decode()
    assert head.startswith(f"{question.method} {share['target']} HTTP/1.1\r\n")
    assert f"\r\nhost: {share['authority'].lower()}\r\n" in head.lower()
    expected = {mirror["endpoints"][0]["address"]: mirror for mirror in told["mirrors"] if _is_sent(mirror)}
    assert sorted(it.dialled) == sorted(expected)
    for address in reversed(it.dialled):
        shadow = it.upstream()
        host = shadow.take().decode().lower().partition("\r\nhost: ")[2].partition("\r\n")[0]
        assert host in [one.lower() for one in expected[address]["hosts"]]
    upstream.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    (line,) = [line for line in it.log_lines if "route" in line]
    assert told["rule"].startswith(f"Route default/{line['route']}: rule")


def _is_sent(mirror):
    return mirror["odds"] == 100 and mirror["endpoints"]


def _wire_bytes(question):
    authority, target = question.url.removeprefix("http://").partition("/")[::2]
    lines = [f"{question.method} /{target} HTTP/1.1", f"Host: {authority}", *question.headers, "", ""]
    return "\r\n".join(lines).encode()


@pytest.mark.parametrize("kind", [SMALL, LARGE])
def test_the_generated_cases_are_worth_it(in_memory, kind):
    """A generator that never matches, or never indexes, would prove nothing."""
    outcomes = set()

    @settings(SEEDED, max_examples=60)
    @given(configuration=kind, question=requests)
    def look(configuration, question):
        it = in_memory()
        it.apply(json.dumps(configuration))
        told = answer(question, it.gateway.snapshot, it.gateway.catalog, it.gateway.core.prepare)
        outcomes.add("answer" if "answer" in told and told["rule"] else "none" if "answer" in told else "forwarded")
        outcomes.update(tried["result"] for tried in told["search"]["tried"])
        outcomes.update("mirrored" for mirror in told["mirrors"] if _is_sent(mirror))

    look()
    assert outcomes == {"answer", "none", "forwarded", "mirrored", "won", "lost", "not tried"}
