"""Which endpoints are near, and in which shares requests go to the others."""

from collections.abc import Mapping

import pytest
from attrs import field, frozen

from shadowgate.model import Locality, OutlierDetection, TrafficPolicy
from shadowgate.runtime.locality import covers, distance, groups, mismatches

OWN = "eu/north/a"


@frozen
class Placed:
    name: str
    locality: str = ""
    labels: Mapping[str, str] = field(factory=dict, eq=False)


def policy(ejects=True, **locality):
    return TrafficPolicy(locality=Locality(**locality), outlier=OutlierDetection() if ejects else None)


def named(shares):
    return [(weight, "".join(one.name for one in members)) for weight, members in shares]


HERE = Placed("h", "eu/north/a")
ZONE = Placed("z", "eu/north/b")
REGION = Placed("r", "eu/south/a")
ASIA = Placed("s", "asia/east/a")
AMERICA = Placed("m", "us/east/a")
NOWHERE = Placed("n")
EVERYBODY = (HERE, ZONE, REGION, ASIA, AMERICA, NOWHERE)


# Patterns


@pytest.mark.parametrize(
    ("pattern", "locality", "covered"),
    [
        ("eu", "eu/north/a", True),
        ("eu", "eu", True),
        ("eu", "europe", False),
        ("eu/north", "eu/north/a", True),
        ("eu/north", "eu", False),
        ("eu/*", "eu/north/a", True),
        ("eu/*", "eu", True),
        ("eu/north/*", "eu/south/a", False),
        ("eu/north/a", "eu/north/a", True),
        ("eu/north/a", "eu/north/b", False),
        ("*", "eu/north", True),
        ("*", "", True),
        ("eu", "", False),
    ],
)
def test_a_pattern_covers_what_lies_within_it(pattern, locality, covered):
    assert covers(pattern, locality) is covered


@pytest.mark.parametrize(
    ("other", "far"),
    [
        ("eu/north/a", 0),
        ("eu/north/b", 1),
        ("eu/north", 1),
        ("eu/south/a", 2),
        ("eu", 2),
        ("asia/north/a", 3),
        ("us/north/a", 4),
        ("", 4),
    ],
)
def test_how_far_something_is(other, far):
    assert distance(OWN, other, {"eu": "asia"}) == far


def test_parts_left_out_are_alike():
    assert distance("eu/north", "eu/north", {}) == 0
    assert distance("eu", "eu/north", {}) == 2


# Failover


def test_requests_stay_as_near_as_there_are_endpoints():
    left = list(EVERYBODY)
    for expected in ("h", "z", "r", "smn"):
        assert named(groups(OWN, left, policy())) == [(1, expected)]
        left = [one for one in left if one.name not in expected]


def test_a_region_to_fail_over_to_goes_before_the_others():
    far = (ASIA, AMERICA, NOWHERE)
    assert named(groups(OWN, far, policy(failover=(("eu", "us"),)))) == [(1, "m")]
    assert named(groups(OWN, far, policy(failover=(("asia", "us"),)))) == [(1, "smn")]
    assert named(groups(OWN, (ASIA, NOWHERE), policy(failover=(("eu", "us"),)))) == [(1, "sn")]


@pytest.mark.parametrize(
    ("own", "given"),
    [
        (OWN, policy(ejects=False)),
        (OWN, policy(enabled=False)),
        (OWN, policy(enabled=False, distribute=(("eu", {"us": 100}),))),
        (OWN, TrafficPolicy()),
        ("", policy()),
        ("", policy(distribute=(("*", {"us": 100}),))),
    ],
    ids=["no ejection", "switched off", "distribution switched off", "nothing said", "no place", "no place of its own"],
)
def test_without_what_it_takes_everybody_takes_part(own, given):
    assert named(groups(own, EVERYBODY, given)) == [(1, "hzrsmn")]


def test_failing_over_is_on_by_itself_where_ejection_is():
    assert named(groups(OWN, EVERYBODY, TrafficPolicy(outlier=OutlierDetection()))) == [(1, "h")]


def test_nobody_makes_no_group():
    assert groups(OWN, (), policy()) == []
    assert groups("", (), TrafficPolicy()) == []
    assert groups(OWN, (), policy(distribute=(("*", {"*": 100}),))) == []


# Labels


def labelled(name, locality="", **labels):
    return Placed(name, locality, {key.replace("_", "-"): value for key, value in labels.items()})


def test_labels_count_in_their_order_up_to_the_first_that_differs():
    priority = ("version=v1", "tier=gold")
    of = {
        "both": labelled("both", version="v1", tier="gold"),
        "first": labelled("first", version="v1"),
        "second": labelled("second", version="v2", tier="gold"),
        "none": labelled("none"),
    }
    assert {name: mismatches(OWN, one, priority) for name, one in of.items()} == {
        "both": 0,
        "first": 1,
        "second": 2,
        "none": 2,
    }


def test_the_parts_of_a_locality_are_labels():
    priority = ("topology.kubernetes.io/region", "topology.kubernetes.io/zone", "topology.istio.io/subzone")
    assert [mismatches(OWN, one, priority) for one in EVERYBODY] == [0, 1, 2, 3, 3, 3]


def test_a_label_that_the_gateway_has_not_is_matched_by_who_has_not_either():
    assert mismatches(OWN, labelled("a"), ("version",)) == 0
    assert mismatches(OWN, labelled("a", version="v1"), ("version",)) == 1


def test_the_priority_of_labels_takes_the_place_of_the_locality():
    near, far = labelled("n", OWN), labelled("f", "us/east/a", version="v1")
    assert named(groups(OWN, (near, far), policy(priority=("version=v1",)))) == [(1, "f")]
    assert named(groups(OWN, (near,), policy(priority=("version=v1",)))) == [(1, "n")]


def test_among_those_with_the_same_labels_a_region_to_fail_over_to_decides():
    east, west = labelled("e", "us/east/a", version="v1"), labelled("w", "asia/west/a", version="v1")
    given = policy(priority=("version=v1",), failover=(("eu", "asia"),))
    assert named(groups(OWN, (labelled("n", OWN), east, west), given)) == [(1, "w")]


# Distribution


def test_a_distribution_gives_each_locality_its_share():
    shares = {"eu/north/*": 70, "eu/south/*": 20, "us": 10}
    assert named(groups(OWN, EVERYBODY, policy(distribute=(("eu", shares),)))) == [(70, "hz"), (20, "r"), (10, "m")]


def test_it_needs_no_ejection():
    assert named(groups(OWN, EVERYBODY, policy(ejects=False, distribute=(("eu", {"us": 100}),)))) == [(100, "m")]


def test_the_first_distribution_for_the_gateways_place_decides():
    given = policy(distribute=(("us", {"us": 100}), ("eu/north", {"asia": 100}), ("*", {"eu": 100})))
    assert named(groups(OWN, EVERYBODY, given)) == [(100, "s")]


def test_who_has_a_distribution_for_another_place_only_does_not_fail_over_either():
    assert named(groups(OWN, EVERYBODY, policy(distribute=(("us", {"us": 100}),)))) == [(1, "hzrsmn")]


def test_an_endpoint_belongs_to_the_first_share_that_covers_it():
    shares = {"eu/north/a": 50, "eu": 30, "*": 20}
    assert named(groups(OWN, EVERYBODY, policy(distribute=(("eu", shares),)))) == [(50, "h"), (30, "zr"), (20, "smn")]


def test_shares_without_endpoints_or_weight_fall_to_the_others():
    shares = {"eu/north/*": 40, "eu/south/*": 0, "africa": 60}
    assert named(groups(OWN, EVERYBODY, policy(distribute=(("eu", shares),)))) == [(40, "hz")]


def test_where_no_share_has_endpoints_everybody_takes_part():
    assert named(groups(OWN, (ASIA, AMERICA), policy(distribute=(("eu", {"eu": 100}),)))) == [(1, "sm")]
