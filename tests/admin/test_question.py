"""A question about a request: as a query, and as the head that its answer is about."""

import json
from urllib.parse import parse_qs

import pytest
from twisted.internet.defer import Deferred, execute

from shadowgate.admin.question import Question, answer
from shadowgate.admin.site import admin_factory
from shadowgate.background import Foreground
from shadowgate.errors import BadRequest
from shadowgate.model import Settings

CONFIG = """
clusters: {c: "10.0.0.1:80"}
listeners: [{name: first, endpoint: "tcp:8000"}, {name: second, endpoint: "tcp:port=8443:interface=127.0.0.1"}]
routes:
- {name: second, listeners: second, to: c}
- {name: port, match: {when: [{port: {port: 8000}}, {source: {networks: 10.0.0.0/8}}]}, to: c}
- {name: proto, match: {headers: {x-forwarded-proto: http, x-forwarded-for: 10.0.0.1}}, to: c}
- {name: any, to: c}
"""


def arguments(query):
    return {key.encode(): [each.encode() for each in values] for key, values in parse_qs(query, True).items()}


@pytest.mark.parametrize(
    "question",
    [
        Question("http://a/"),
        Question("http://a/x?y=1&z=%20", "POST", ("x: 1&2", "y: ü"), "a=b&c", "10.0.0.1", "web"),
        Question("http://a/", data=""),
    ],
)
def test_a_question_survives_its_way_through_a_url(question):
    assert Question.from_query(arguments(question.to_query())) == question


def test_an_unknown_or_missing_parameter_is_named():
    with pytest.raises(ValueError, match="no parameter uri; there are url, method"):
        Question.from_query(arguments("uri=http://a/"))
    with pytest.raises(ValueError, match="parameter url is missing"):
        Question.from_query({})


@pytest.fixture
def rule_of(in_memory):
    """Tell which route takes a request."""

    def rule_of(question, config=CONFIG, **given):
        it = in_memory(**given)
        it.apply(config)
        found = answer(question, it.gateway.snapshot, it.gateway.catalog, it.gateway.core.prepare)
        return found["search"]["listener"], found["rule"].partition("/")[2].partition(":")[0]

    return rule_of


def test_the_listener_is_the_one_named_or_the_one_of_the_urls_port_or_the_first(rule_of):
    assert rule_of(Question("http://a:8443/")) == ("second", "second")
    assert rule_of(Question("http://a:8000/", listener="second")) == ("second", "second")
    assert rule_of(Question("http://a/")) == ("first", "any")
    assert rule_of(Question("http://a/"), "clusters: {c: '10.0.0.1:80'}\nroutes: [{to: c}]")[0] == "default"


def test_a_listener_that_is_not_there_is_told_with_those_that_are(rule_of):
    with pytest.raises(ValueError, match=r'no listener "secnd", did you mean "second"\?; there are first, second$'):
        rule_of(Question("http://a/", listener="secnd"))


def test_the_port_is_the_listeners_and_the_peer_is_the_one_given(rule_of):
    assert rule_of(Question("http://a/", peer="10.1.2.3"))[1] == "port"
    assert rule_of(Question("http://a/", peer="11.1.2.3"))[1] == "any"


def test_conditions_see_what_the_gateway_adds_to_a_request(rule_of):
    question = Question("http://a:81/", listener="default", peer="10.0.0.1", headers=("x-forwarded-for: 1.2.3.4",))
    assert rule_of(question)[1] == "proto"
    assert rule_of(question, settings=Settings(trusted_hops=1))[1] == "any"


def test_a_question_without_sense_and_a_request_that_is_refused(rule_of):
    with pytest.raises(ValueError, match="is not a whole URL"):
        rule_of(Question("a"))
    with pytest.raises(BadRequest):
        rule_of(Question("http://a/", headers=("host: a b",)))


# Over HTTP


@pytest.fixture
def get(in_memory):
    it = in_memory()
    it.apply(CONFIG)
    site = admin_factory(it.gateway)

    def get(path):
        client = it.connect(site)
        client.send(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        head, _, body = client.take().partition(b"\r\n\r\n")
        return int(head.split()[1]), json.loads(body)

    return get


def test_explain_answers_in_json(get):
    status, found = get("/explain?method=GET&url=http://a/&header=x:1&header=y:2")
    assert status == 200
    assert found["rule"] == "Route default/any: rule[0]"
    assert found["destinations"][0]["endpoints"][0]["address"] == "10.0.0.1:80"


def test_explain_says_what_is_wrong_with_a_question(get):
    assert get("/explain") == (400, {"error": "the parameter url is missing"})
    assert get("/explain?url=http://a/&header=host:+a+b") == (
        422,
        {"refused": "Host is not a valid authority", "status": 400},
    )


def test_dump_is_the_configuration_alone(get):
    status, view = get("/config/dump")
    assert status == 200
    assert list(view) == ["listeners", "routes", "clusters", "statuses"]
    assert [listener["position"] for listener in view["listeners"]] == ["gw.yaml:3:13", "gw.yaml:3:50"]


class Slow(Foreground):
    """A background that works when it is told to."""

    def __init__(self):
        self.waiting = []

    def __call__(self, work):
        done = Deferred()
        self.waiting.append((work, done))
        return done

    def work(self):
        for work, done in self.waiting:
            execute(work).chainDeferred(done)
        self.waiting.clear()


@pytest.fixture
def slowly(in_memory):
    """Ask a gateway whose background works only when it is told to: the client and the background."""
    background = Slow()
    it = in_memory(background=background)

    def slowly(path):
        client = it.connect(admin_factory(it.gateway))
        client.send(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        return client, background

    return slowly


def test_a_page_is_made_in_the_background(slowly):
    for path in ("/config", "/config/dump", "/explain?url=http://a/"):
        client, background = slowly(path)
        assert client.take() == b""
        background.work()
        assert client.take().startswith(b"HTTP/1.0 200 OK\r\n")


def test_a_client_that_left_meanwhile_gets_nothing(slowly):
    client, background = slowly("/config/dump")
    client.leave()
    background.work()
    assert client.take() == b""


def test_a_page_that_cannot_be_made_is_an_error_of_the_gateway(slowly):
    client, background = slowly("/config/dump")
    background.waiting[:] = [(lambda: 1 / 0, done) for _, done in background.waiting]
    background.work()
    assert client.take().startswith(b"HTTP/1.0 500 ")
