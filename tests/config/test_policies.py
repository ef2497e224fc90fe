"""Which policies hold for a host, and at which of its ports."""

from attrs import evolve

from shadowgate.config.policies import HostPolicy, merge_policies, policies_by_host
from shadowgate.errors import Position
from shadowgate.model import (
    NO_POLICY,
    Cluster,
    ClusterPolicy,
    ClusterPort,
    ConnectionPool,
    OutlierDetection,
    PluginUse,
    RetryBudget,
    Subset,
    TrafficPolicy,
)
from shadowgate.plugin import Report

HERE = Position("a.yaml", 1)
THERE = Position("b.yaml", 2)
RANDOM = TrafficPolicy(PluginUse("random"))
TURNS = TrafficPolicy(PluginUse("round-robin"))


def rule(host, policy=NO_POLICY, subsets=(), **options):
    return ClusterPolicy(host, subsets, policy, **options)


def chosen(clusters, *policies):
    """Return the names of the rules that hold for each cluster, and what was told."""
    report = Report()
    hosts = {cluster.name: [cluster] for cluster in clusters}
    aliases = {cluster.name: cluster.aliases for cluster in clusters}
    found = policies_by_host(policies, hosts, aliases, report)
    return {host: [policy.name for policy in said] for host, said in found.items()}, told(report)


def merged(*policies, cluster=None):
    report = Report()
    return merge_policies([cluster or Cluster("web", ports=(ClusterPort(80),))], policies, report), told(report)


def told(report):
    return [f"{problem.path}: {problem.message}" for problem in report.problems]


# Looking for them


def test_a_rule_may_name_an_alias():
    assert chosen([Cluster("web.example", aliases=("web",))], rule("web", name="a")) == ({"web.example": ["a"]}, [])


def test_the_most_specific_host_decides():
    hosts = [Cluster(name) for name in ("a.web.example", "b.web.example", "c.example", "*.wild.example")]
    found, problems = chosen(
        hosts,
        rule("*", name="any"),
        rule("*.web.example", name="wide"),
        rule("b.web.example", name="exact"),
        rule("*.wild.example", name="wild"),
    )
    assert found == {
        "a.web.example": ["wide"],
        "b.web.example": ["exact"],
        "c.example": ["any"],
        "*.wild.example": ["wild"],
    }
    assert problems == []


def test_the_gateways_namespace_goes_before_the_services_and_that_before_the_root():
    cluster = Cluster("web.example", namespace="shop")
    root = rule("web.example", name="root", namespace="istio-system")
    own = rule("web.example", name="own", namespace="shop")
    client = rule("*.example", name="client")
    assert chosen([cluster], root)[0] == {"web.example": ["root"]}
    assert chosen([cluster], root, own)[0] == {"web.example": ["own"]}
    assert chosen([cluster], root, own, client) == (
        {"web.example": ["client"]},
        [
            'DestinationRule root: the rule for *.example in "default" goes first; this one is passed over',
            'DestinationRule own: the rule for *.example in "default" goes first; this one is passed over',
        ],
    )


def test_rules_of_other_namespaces_are_not_looked_at():
    cluster = Cluster("web.example", namespace="shop")
    sentence = (
        'rules for web.example are looked for in "default", "shop", "istio-system", and this one is in "x"; '
        "it is passed over"
    )
    for host in ("web.example", "*.example"):
        found, problems = chosen([cluster], rule(host, name="a", namespace="x"))
        assert (found, problems) == ({"web.example": []}, [f"DestinationRule a: {sentence}"])


def test_rules_that_are_not_exported_here_are_left_out():
    found, (problem,) = chosen([Cluster("web")], rule("web", name="a", exported_to=("shop",)))
    assert found == {"web": []}
    assert problem.startswith('DestinationRule a: it is exported to "shop"')


def test_rules_for_unknown_hosts_are_told_unless_they_are_wildcards():
    _, problems = chosen([Cluster("web.example")], rule("wbe.example", name="typo"), rule("*.nowhere", name="wide"))
    assert problems == ['DestinationRule typo: nothing is known of the host "wbe.example", did you mean "web.example"?']


def test_the_oldest_comes_first_and_what_has_no_age_last():
    found, _ = chosen(
        [Cluster("web")],
        rule("web", name="b"),
        rule("web", name="young", created="2026-02-01T00:00:00Z"),
        rule("web", name="a"),
        rule("web", name="old", created="2026-01-01T00:00:00Z"),
    )
    assert found == {"web": ["old", "young", "a", "b"]}


# Putting them together


def test_subsets_add_up_and_the_first_of_a_name_and_the_first_policy_stay():
    first, again, second = Subset("v1", {"v": "1"}, position=HERE), Subset("v1", {}, position=THERE), Subset("v2", {})
    policy, problems = merged(
        rule("web", RANDOM, (first,), name="one"), rule("web", TURNS, (again, second), name="two")
    )
    assert policy == HostPolicy((first, second), RANDOM)
    assert problems == [
        'DestinationRule two: the subset "v1" of web is already said at a.yaml:1:1; this one is passed over',
        "DestinationRule two: web already has a traffic policy; this one is passed over",
    ]


def test_what_the_cluster_says_itself_goes_first():
    policy, problems = merged(rule("web", RANDOM, name="a"), cluster=Cluster("web", policy=TURNS))
    assert policy.policy == TURNS
    assert problems == ["DestinationRule a: web already has a traffic policy; this one is passed over"]


def test_a_policy_for_single_ports_is_a_whole_policy_too():
    ports = {80: evolve(RANDOM, inherits=False)}
    policy, problems = merged(rule("web", ports=ports, name="a"), rule("web", TURNS, name="b"))
    assert (policy.policy, policy.ports) == (NO_POLICY, ports)
    assert problems == ["DestinationRule b: web already has a traffic policy; this one is passed over"]


def test_ports_that_the_host_does_not_have_are_told():
    sentence = "DestinationRule a: web has no port 90, so that this holds for nothing"
    assert merged(rule("web", ports={90: RANDOM}, name="a"))[1] == [sentence]
    assert merged(rule("web", subsets=(Subset("v1", {}, ports={90: RANDOM}),), name="a"))[1] == [sentence]
    assert merged(rule("*", ports={90: RANDOM}, name="a"))[1] == []


# At a port


def test_without_a_word_about_the_port_the_host_holds():
    subset = Subset("v1", {}, RANDOM, {90: TURNS})
    here = HostPolicy((subset,), TURNS).at_port(80)
    assert (here.policy, here.subsets[0].policy) == (TURNS, RANDOM)
    assert HostPolicy((subset,), TURNS).at_port(None).policy == TURNS


def test_a_port_takes_nothing_of_its_host_but_the_retry_budget():
    host = TrafficPolicy(PluginUse("random"), outlier=OutlierDetection(), retry_budget=RetryBudget(50))
    said = {80: TrafficPolicy(pool=ConnectionPool(max_retries=1), inherits=False)}
    here = HostPolicy((), host, said).at_port(80)
    assert here.policy == TrafficPolicy(pool=ConnectionPool(max_retries=1), retry_budget=RetryBudget(50))


def test_a_subset_is_over_what_its_host_says_for_the_port():
    subset = Subset("v1", {}, TrafficPolicy(pool=ConnectionPool(max_retries=1)))
    here = HostPolicy((subset,), TURNS, {80: evolve(RANDOM, inherits=False)}).at_port(80)
    effective = here.subsets[0].policy.over(here.policy)
    assert effective == TrafficPolicy(PluginUse("random"), pool=ConnectionPool(max_retries=1))


def test_a_subset_with_a_word_about_the_port_takes_nothing_of_anybody():
    subset = Subset("v1", {}, RANDOM, {80: TrafficPolicy(outlier=OutlierDetection(), inherits=False)})
    here = HostPolicy((subset,), evolve(TURNS, retry_budget=RetryBudget(50))).at_port(80)
    effective = here.subsets[0].policy.over(here.policy)
    assert (effective.balancer, effective.outlier, effective.retry_budget) == (
        None,
        OutlierDetection(),
        RetryBudget(50),
    )
