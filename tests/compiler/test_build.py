"""From a configuration to a snapshot, with plugins of all kinds and every problem reported."""

import sys
from types import ModuleType

import pytest
from attrs import define, evolve, field, frozen
from twisted.internet.defer import CancelledError, Deferred, fail
from zope.interface import implementer

from shadowgate.compiler.build import compile_configuration
from shadowgate.config.catalog import Catalog
from shadowgate.errors import Position
from shadowgate.model import (
    Cluster,
    Configuration,
    Destination,
    Endpoint,
    HealthCheck,
    Match,
    Mirror,
    MirrorLimits,
    PathMatch,
    PluginUse,
    Route,
    Rule,
    Settings,
    Subset,
    Timeouts,
)
from shadowgate.plugin import FilterHooks, IFilter, IMatcher, IMirrorObserver, IMirrorPolicy, Plugin, Report
from shadowgate.testing import environment, request, response

HERE = Position("gw.yaml", 4, 2)


@implementer(IMatcher)
@frozen
class Broken:
    """Cannot be compiled: says a sentence, fails, or gives nothing."""

    how: str = "sentence"

    def compile(self):
        if self.how == "sentence":
            raise ValueError("both of them cannot be")
        if self.how == "mistake":
            raise KeyError("x")


@implementer(IFilter)
@frozen
class Traced:
    """Leaves its name in everything that it can reach; ``raises`` makes each hook fail."""

    name: str
    raises: bool = False

    def compile(self, env):
        def note(headers):
            if self.raises:
                raise RuntimeError(self.name)
            headers.add(b"X-Seen", self.name.encode())

        def later(head):
            note(head.headers)
            return Deferred()

        return FilterHooks(
            on_request=lambda head: note(head.headers),
            on_request_later=later if self.name == "late" else None,
            on_response=lambda head, answer: note(answer.headers),
            request_body=lambda head: note(head.headers),
            response_body=lambda head, answer: note(answer.headers),
            on_done=lambda record: note(record.request.headers),
        )


@implementer(IFilter)
@frozen
class FailingLate:
    """Fails after a while."""

    error: str

    def compile(self, env):
        error = CancelledError() if self.error == "cancelled" else RuntimeError(self.error)
        return FilterHooks(on_request_later=lambda head: fail(error))


@implementer(IMirrorPolicy)
@frozen
class Puts:
    """Mirrors PUT."""

    def compile(self, env):
        return lambda head: head.method == b"PUT"


@implementer(IMirrorObserver)
@frozen
class Watch:
    """Wants some bytes."""

    response_bytes: int = 0

    def compile(self, env):
        return lambda result: None


OWN = [
    Plugin(name, point, f"{__name__}.{target}")
    for name, point, target in [
        ("broken", IMatcher, "Broken"),
        ("traced", IFilter, "Traced"),
        ("failing-late", IFilter, "FailingLate"),
        ("puts", IMirrorPolicy, "Puts"),
        ("watch", IMirrorObserver, "Watch"),
    ]
]


@define(eq=False)
class Cell:
    """A live cluster that remembers what it was made of."""

    name: str
    endpoints: tuple
    balancer: object
    health: object = None

    def pick(self, head):
        return self.endpoints[0]


@define(eq=False)
class Live:
    clusters: list = field(factory=list)

    def cluster(self, name, endpoints, balancer, policy, resolution, health):
        self.clusters.append(Cell(name, endpoints, balancer, health))
        return self.clusters[-1]

    def route_stats(self, name):
        return f"stats of {name}"

    def mirror_state(self, name):
        return f"state of {name}"


V1, V2 = Endpoint("v1", 80, {"version": "v1"}), Endpoint("v2", 80, {"version": "v2"})
HTTPBIN = Cluster(
    "httpbin", (V1, V2), subsets=(Subset("v1", {"version": "v1"}), Subset("v2", {"version": "v2"})), aliases=("bin",)
)


@define(eq=False)
class House:
    """Compiles configurations of one cluster."""

    catalog: Catalog
    live: Live = field(factory=Live)
    report: Report = field(factory=Report)
    env: object = field(factory=environment)

    def compile(self, *routes, settings=None):
        configuration = Configuration(routes=routes, clusters=(HTTPBIN,))
        return compile_configuration(
            configuration, self.catalog, settings or Settings(), self.live, self.env, self.report, 7
        )

    def rule(self, **given):
        given.setdefault("destinations", (Destination("httpbin"),))
        (rule,) = self.compile(Route("r", ("*",), (Rule(**given),))).rules
        return rule

    @property
    def problems(self):
        return [problem.message for problem in self.report.problems]


@pytest.fixture
def house(monkeypatch):
    # The catalog imports components by name, and pytest gives this module none.
    module = ModuleType(__name__)
    module.__dict__.update({name: globals()[name] for name in ("Broken", "Traced", "FailingLate", "Puts", "Watch")})
    monkeypatch.setitem(sys.modules, __name__, module)
    bundled = Catalog.discover().entries
    own = Catalog.of(OWN).entries
    return House(Catalog((*bundled, *own)))


def use(name, /, **options):
    return PluginUse(name, options or None, HERE)


# Clusters


def test_a_clusters_health_check_holds_for_its_subsets_too(house):
    cluster = evolve(HTTPBIN, health=HealthCheck())
    destinations = (Destination("httpbin"), Destination("httpbin", "v1"))
    configuration = Configuration((), (Route("r", ("*",), (Rule(destinations=destinations),)),), (cluster,))
    compile_configuration(configuration, house.catalog, Settings(), house.live, house.env, house.report)
    assert [(each.name, each.health) for each in house.live.clusters] == [
        ("httpbin", HealthCheck()),
        ("httpbin/v1", HealthCheck()),
    ]


# Routes


def test_a_route_serves_its_hosts_and_no_others(house):
    snapshot = house.compile(Route("r", ("A.test", "*.b.test"), (Rule(destinations=(Destination("httpbin"),)),)))
    assert snapshot.generation == 7
    assert snapshot.find(request(authority="a.test:80")).route == "r"
    assert snapshot.find(request(authority="x.b.test")).route == "r"
    assert snapshot.find(request(authority="b.test")) is None
    assert house.problems == []


def test_the_first_rule_that_matches_decides_across_routes_of_a_host(house):
    rules = [
        Rule((Match(PathMatch("exact", "/a")), Match(PathMatch("exact", "/b"))), name="ab"),
        Rule((Match(PathMatch("prefix", "/"), (use("method", exact="PUT"),)),), name="put"),
    ]
    snapshot = house.compile(Route("one", ("*",), tuple(rules)), Route("two", ("*",), (Rule(name="rest"),)))
    names = [
        snapshot.find(request(verb, path)).name
        for verb, path in [("GET", "/a"), ("GET", "/b"), ("PUT", "/c"), ("GET", "/c")]
    ]
    assert names == ["ab", "ab", "put", "rest"]


def test_a_route_of_a_listener_is_found_there_alone_and_the_others_too(house):
    snapshot = house.compile(
        Route("everywhere", ("*",), (Rule(),)), Route("inner", ("a.test",), (Rule(),), listeners=("in",))
    )

    def found(listener, authority):
        return snapshot.find(request(listener=listener, authority=authority)).route

    assert found("in", "a.test") == "inner"
    assert found("in", "b.test") == "everywhere"
    assert found("out", "a.test") == "everywhere"


def test_a_rule_knows_its_counts_and_its_timeouts(house):
    assert house.rule().stats == "stats of r"
    assert house.rule().timeouts == Timeouts()
    assert house.rule(timeouts={"connect": 1}).timeouts == Timeouts(connect=1)


# Destinations


def test_a_subset_is_the_endpoints_with_its_labels(house):
    rule = house.rule(destinations=(Destination("bin", "v2"),))
    assert rule.destinations[0].cluster.name == "httpbin/v2"
    assert rule.destinations[0].cluster.endpoints == (V2,)


def test_a_cluster_is_balanced_by_least_requests_unless_it_says_otherwise(house):
    house.rule()
    assert type(house.live.clusters[0].balancer).__name__ == "LeastRequest"


def test_one_destination_is_chosen_without_a_balancer(house):
    rule = house.rule(destinations=(Destination("httpbin", weight=0),))
    assert rule.choose(request()) is rule.destinations[0]


def test_several_destinations_are_chosen_by_weight(house):
    rule = house.rule(destinations=(Destination("httpbin", "v1", weight=0), Destination("httpbin", "v2", weight=1)))
    assert {rule.choose(request()).name for _ in range(50)} == {"httpbin/v2"}


@pytest.mark.parametrize("destination", [Destination("nobody"), Destination("httpbin", "v9")])
def test_a_destination_that_does_not_exist_has_no_cluster_and_serves_the_rest(house, destination):
    rule = house.rule(destinations=(destination,))
    assert rule.destinations[0].cluster is None
    assert house.problems == []


def test_a_rule_without_destinations_chooses_none(house):
    assert house.rule(destinations=()).choose(request()) is None


# Filters


def test_hooks_run_inwards_for_requests_and_outwards_for_answers(house):
    rule = house.rule(
        filters=(use("traced", name="outer"), use("traced", name="second")),
        destinations=(Destination("httpbin", filters=(use("traced", name="inner"),)),),
    )
    head, answer = request(), response()
    for _, hook in (*rule.on_request, *rule.destinations[0].on_request):
        hook(head)
    for _, hook in rule.destinations[0].hooks.on_response:
        hook(head, answer)
    assert head.headers.get_all(b"x-seen") == [b"outer", b"second", b"inner"]
    assert answer.headers.get_all(b"x-seen") == [b"inner", b"second", b"outer"]
    assert [
        len(getattr(rule.destinations[0].hooks, name)) for name in ("request_body", "response_body", "on_done")
    ] == [
        3,
        3,
        3,
    ]


@pytest.mark.parametrize(
    ("hook", "arguments"),
    [
        ("on_request", (request(),)),
        ("on_response", (request(), response())),
        ("request_body", (request(),)),
        ("response_body", (request(), response())),
    ],
)
def test_a_filter_that_is_skipped_on_errors_is_as_if_it_were_not_there(house, hook, arguments):
    uses = (PluginUse("traced", {"name": "x", "raises": True}, HERE, "skip"),)
    ((name, run),) = getattr(house.rule(filters=uses).hooks, hook)
    assert name == "traced"
    assert run(*arguments) is None
    assert house.env.metrics.counts == {"traced_skipped_errors": 1}


def test_without_that_it_raises(house):
    ((_, run),) = house.rule(filters=(use("traced", name="x", raises=True),)).on_request
    with pytest.raises(RuntimeError):
        run(request())


@pytest.mark.parametrize(("error", "counted"), [("mistake", 1), ("cancelled", 0)])
def test_a_late_failure_is_skipped_as_well_and_a_client_that_left_is_none(house, error, counted):
    ((_, hook),) = house.rule(filters=(PluginUse("failing-late", {"error": error}, HERE, "skip"),)).on_request
    seen = []
    hook(request()).addCallback(seen.append)
    assert seen == [None]
    assert house.env.metrics.counts == {"failing-late_skipped_errors": counted}


# Mirrors


def test_a_mirror_has_everything_that_a_shadow_needs(house):
    mirror = Mirror(
        Destination("httpbin", "v2", filters=(use("traced", name="destination"),)),
        name="m",
        policy=use("puts"),
        filters=(use("traced", name="mirror"),),
        observers=(use("watch", response_bytes=10), use("watch", response_bytes=5)),
        limits=MirrorLimits(buffer=5),
    )
    (made,) = house.rule(mirrors=(mirror,)).mirrors
    head = request("PUT")
    for _, hook in made.on_request:
        hook(head)
    assert head.headers.get_all(b"x-seen") == [b"destination", b"mirror"]
    assert (made.name, made.state, made.limits.buffer) == ("m", "state of m", 5)
    assert made.cluster.name == "httpbin/v2"
    assert (made.admit(request("PUT")), made.admit(request("GET"))) == (True, False)
    assert (len(made.observers), made.keep_response) == (2, 10)


def test_a_mirror_without_a_policy_copies_everything(house):
    (made,) = house.rule(mirrors=(Mirror(Destination("httpbin", "v2")),)).mirrors
    assert made.admit(request())
    assert made.name == "httpbin/v2"
    assert made.limits == MirrorLimits()


@pytest.mark.parametrize(
    ("mirror", "settings", "expected"),
    [
        ({}, {}, b"a-shadow:1"),
        ({}, {"shadow_suffix": "-x"}, b"a-x:1"),
        ({}, {"shadow_suffix": ""}, None),
        ({"suffix": ""}, {}, None),
        ({"suffix": ""}, {"shadow_suffix": "-x"}, None),
        ({"keeps_host": True}, {}, None),
        ({"keeps_host": True}, {"shadow_suffix": "-x"}, b"a-x:1"),
        ({"keeps_host": True, "suffix": "-y"}, {"shadow_suffix": ""}, b"a-y:1"),
        ({"suffix": "-y"}, {"shadow_suffix": ""}, b"a-y:1"),
        ({"host": "b:2"}, {}, b"b:2"),
    ],
)
def test_the_shadows_host_is_the_mirrors_or_else_the_gateways_choice(house, mirror, settings, expected):
    rule = Rule(mirrors=(Mirror(Destination("httpbin"), **mirror),))
    snapshot = house.compile(Route("r", ("*",), (rule,)), settings=Settings(**settings))
    host = snapshot.rules[0].mirrors[0].host
    assert (host and host(b"a:1")) == expected


def test_a_mirror_to_nobody_is_left_to_count_what_it_drops(house):
    (made,) = house.rule(mirrors=(Mirror(Destination("nobody")),)).mirrors
    assert made.cluster is None
    assert house.problems == []


def test_a_shadow_waits_for_no_filter(house):
    mirror = Mirror(Destination("httpbin"), filters=(use("traced", name="late"),))
    (made,) = house.rule(mirrors=(mirror,)).mirrors
    assert [hook(request()) for _, hook in made.on_request] == [None]


# Problems


@pytest.mark.parametrize(
    ("how", "code", "said"),
    [
        ("sentence", "SG0604", "both of them cannot be"),
        ("mistake", "SG0603", "KeyError: 'x'"),
        ("nothing", "SG0603", "returned nothing"),
    ],
)
def test_a_plugin_that_cannot_be_compiled_is_a_problem_where_it_was_asked_for(house, how, code, said):
    house.rule(matches=(Match(conditions=(use("broken", how=how),)),))
    (problem,) = house.report.problems
    assert said in problem.message
    assert problem.code == code
    assert problem.position == HERE
    assert problem.severity == "error"
    assert problem.path.startswith("Route r: rule 0")


def test_a_balancer_that_refuses_its_endpoints_is_a_problem(house):
    def refuse(*given):
        raise ValueError("not these")

    house.live = type("Live", (Live,), {"cluster": refuse})()
    house.rule()
    assert "not these" in house.problems[0]


def test_all_problems_are_reported_at_once(house):
    house.compile(
        Route(
            "r",
            ("*",),
            (
                Rule(matches=(Match(PathMatch("regex", "(", position=HERE)), Match(conditions=(use("nosuch"),)))),
                Rule(filters=(use("nosuch"),), mirrors=(Mirror(Destination("httpbin"), policy=use("nosuch")),)),
            ),
        )
    )
    assert len(house.problems) == 4
    assert house.report.failed


def test_a_destinations_own_mirrors_come_after_those_of_the_rule(house):
    everywhere, there = Mirror(Destination("httpbin"), "all"), Mirror(Destination("httpbin", "v2"), "some")
    rule = house.rule(
        destinations=(Destination("httpbin", mirrors=(there,)), Destination("httpbin")), mirrors=(everywhere,)
    )
    assert [[mirror.name for mirror in each.mirrors] for each in rule.destinations] == [["all", "some"], ["all"]]
    assert rule.destinations[0].mirrors[0] is rule.destinations[1].mirrors[0] is rule.mirrors[0]


def test_a_destination_may_have_its_endpoints_chosen_in_its_own_way(house):
    session = use("session", cookie="sid")
    rule = house.rule(destinations=(Destination("httpbin", balancer=session), Destination("httpbin")))
    assert [type(each.cluster.balancer).__name__ for each in rule.destinations] == ["Session", "LeastRequest"]
    assert [[name for name, _ in each.hooks.on_response] for each in rule.destinations] == [["session"], []]


def test_sessions_of_two_rules_at_one_cluster_are_two(house):
    rules = house.compile(
        Route("one", ("one",), (Rule(destinations=(Destination("httpbin", balancer=use("session", cookie="a")),)),)),
        Route("two", ("two",), (Rule(destinations=(Destination("httpbin", balancer=use("session", cookie="b")),)),)),
    ).rules
    assert [rule.destinations[0].cluster.balancer.cookie.name for rule in rules] == ["a", "b"]


@pytest.mark.parametrize(("attempt", "answer"), [(90.0, 90.0), (0.5, 0.5), (0.0, 0.0)])
def test_who_bounds_an_attempt_means_it_whatever_the_gateway_would_wait(house, attempt, answer):
    assert house.rule(attempt_timeout=attempt).timeouts.answer == answer
