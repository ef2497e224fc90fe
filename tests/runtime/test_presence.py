"""Presence of variants: what probes' results decide, when they are asked, and what is told; all by a clock."""

import pytest
from attrs import define, evolve, field
from twisted.internet.task import Clock

from shadowgate.model import (
    Availability,
    Cluster,
    Configuration,
    Destination,
    Endpoint,
    HealthCheck,
    Presence,
    Probe,
    Subset,
    Variant,
    Variants,
)
from shadowgate.runtime.presence import ORIGIN, Finding, PresenceWatch, take
from shadowgate.runtime.watch import MOST_PROBES
from shadowgate.testing import environment

CHECK = HealthCheck(interval=2.0, timeout=1.0, rise=2, fall=3, initially="unhealthy")
TCP = Probe("tcp", CHECK, endpoint=Endpoint("10.0.0.9", 80))
FILE = Probe("file", CHECK, target="/run/v2")


def taken(probe, *results):
    """Return whether the variant is there after each result, which come a second apart."""
    finding = Finding()
    said = []
    for now, wrong in enumerate(results):
        take(finding, probe, wrong, float(now))
        said.append(finding.present)
    return said


def test_the_first_good_result_of_all_is_enough():
    assert taken(TCP, "") == [True]


def test_after_a_bad_start_it_takes_a_row_of_good_results():
    assert taken(TCP, "refused", "", "refused", "", "") == [False, False, False, False, True]


def test_it_takes_a_row_of_bad_results_to_go():
    assert taken(TCP, "", "reset", "reset", "", "reset", "reset", "reset") == [True] * 6 + [False]


def test_nothing_may_be_amiss_for_a_while_before_it_counts():
    probe = evolve(TCP, stable=2.0)
    assert taken(probe, "", "", "") == [False, False, True]
    assert taken(probe, "", "reset", "", "", "") == [False, False, False, False, True]


def test_once_there_a_single_bad_result_changes_nothing_however_long_it_had_to_be_stable():
    assert taken(evolve(TCP, stable=1.0), "", "", "reset", "") == [False, True, True, True]


def test_only_the_first_result_and_changes_are_news():
    finding = Finding()
    news = [take(finding, FILE, wrong, 0.0) for wrong in ("gone", "gone", "", "", "", "gone", "gone", "gone")]
    assert news == [True, False, False, True, False, False, False, True]
    assert finding.reason == "file probe of /run/v2: gone"


@pytest.mark.parametrize(
    ("probe", "name"),
    [
        (TCP, "tcp probe of 10.0.0.9:80"),
        (evolve(TCP, kind="http", check=evolve(CHECK, path="/ok")), "http probe of 10.0.0.9:80/ok"),
        (Probe("http", evolve(CHECK, path="/ok")), "http probe of /ok"),
        (Probe("tcp", CHECK), "tcp probe"),
        (Probe("dns", CHECK, target="v2.test"), "dns probe of v2.test"),
    ],
)
def test_a_probe_is_called_by_what_it_asks(probe, name):
    assert str(probe) == name


@define(eq=False)
class Asked:
    """A question under way, which a test answers."""

    probe: Probe
    endpoints: tuple
    tell: object
    cancelled: bool = False

    def cancel(self):
        self.cancelled = True


@define(eq=False)
class House:
    """One watch, what it has asked and what it has published."""

    clock: Clock = field(factory=Clock)
    asked: list = field(factory=list)
    published: list = field(factory=list)
    watch: PresenceWatch = field(init=False)

    def __attrs_post_init__(self):
        self.watch = PresenceWatch(environment(self.clock), self.ask, self.published.append)

    def ask(self, probe, endpoints, tell):
        self.asked.append(Asked(probe, endpoints, tell))
        return self.asked[-1]

    def answer(self, wrong=""):
        """Answer the question that was asked last, and wait for the next one."""
        self.asked.pop().tell(wrong)
        self.clock.advance(CHECK.interval * 1.1)

    def told(self):
        """Return what was published last: the state of each variant by application."""
        return {
            document.name: {
                each.text("name"): each.text("reason") or each.text("available")
                for each in document.root.get("variants")
            }
            for document in self.published[-1]
        }


@pytest.fixture
def house():
    return House()


def configuration(*probes, name="web", destination=None, **more):
    variants = (
        Variant("v1", Destination("a")),
        Variant("v2", destination or Destination("b"), probes=probes, **more),
    )
    clusters = (
        Cluster("a", (Endpoint("10.0.0.1", 1),)),
        Cluster(
            "b",
            (Endpoint("10.0.0.2", 2), Endpoint("10.0.0.3", 3, {"v": "new"})),
            (Subset("new", {"v": "new"}),),
        ),
    )
    return Configuration(clusters=clusters, variants=(Variants(name, ("*",), "mirror", variants),))


def test_probes_are_asked_soon_and_again_after_each_answer(house):
    house.watch.follow(configuration(TCP))
    assert house.asked == []
    house.clock.advance(1.0)
    assert [each.probe for each in house.asked] == [TCP]
    house.answer()
    assert len(house.asked) == 1
    house.answer("refused")
    assert len(house.asked) == 1


def test_what_was_found_is_published_when_it_changes(house):
    house.watch.follow(configuration(TCP))
    house.clock.advance(1.0)
    assert house.published == []
    for wrong in ("", "", "refused", "refused"):
        house.answer(wrong)
    assert len(house.published) == 1 and house.told() == {"web": {"v2": "true"}}
    house.answer("refused")
    assert house.told() == {"web": {"v2": "tcp probe of 10.0.0.9:80: refused"}}
    (document,) = house.published[-1]
    assert (document.group, document.kind, document.origin) == ("shadowgate.io", "Availability", ORIGIN)


def test_all_probes_of_a_variant_have_to_agree(house):
    house.watch.follow(configuration(TCP, FILE))
    house.clock.advance(1.0)
    first, second = sorted(house.asked, key=lambda each: each.probe.kind)
    first.tell("it does not exist")
    assert house.published == [], "one of them has not said anything yet"
    second.tell("")
    assert house.told() == {"web": {"v2": "file probe of /run/v2: it does not exist"}}


def test_a_probe_without_an_address_asks_the_endpoints_that_requests_go_to(house):
    probe = evolve(TCP, endpoint=None)
    house.watch.follow(configuration(probe))
    house.clock.advance(1.0)
    assert [str(each) for each in house.asked[0].endpoints] == ["10.0.0.2:2", "10.0.0.3:3"]


@pytest.mark.parametrize(
    ("destination", "endpoints"),
    [
        (Destination("b", "new"), ["10.0.0.3:3"]),
        (Destination("b", "none"), []),
        (Destination("nowhere"), []),
    ],
)
def test_a_subsets_endpoints_are_those_with_its_labels(house, destination, endpoints):
    house.watch.follow(configuration(evolve(TCP, endpoint=None), destination=destination))
    house.clock.advance(1.0)
    assert [str(each) for each in house.asked[0].endpoints] == endpoints


def test_a_new_configuration_with_the_same_probe_interrupts_nothing(house):
    house.watch.follow(configuration(TCP))
    house.clock.advance(1.0)
    house.watch.follow(configuration(TCP, weight=50))
    house.clock.advance(10.0)
    assert len(house.asked) == 1 and not house.asked[0].cancelled
    house.answer()
    house.watch.follow(configuration(TCP, weight=30))
    assert len(house.published) == 1, "what was found holds on"


def there(given):
    """Return the configuration as it is where both variants are there."""
    both = (Presence("v1", True, weight=1), Presence("v2", True, weight=1))
    return evolve(given, availability=(Availability("web", "default", both),))


@pytest.mark.parametrize(("wrong", "state"), [("", "true"), ("it does not exist", f"{FILE}: it does not exist")])
def test_a_variant_that_is_there_stays_until_a_new_probe_has_said_something(house, wrong, state):
    house.watch.follow(configuration(TCP))
    house.clock.advance(1.0)
    house.answer()
    changed = evolve(FILE, stable=60.0)
    house.watch.follow(there(configuration(changed)))
    assert house.told() == {"web": {"v2": "true"}}
    house.clock.advance(1.0)
    house.answer(wrong)
    assert house.told() == {"web": {"v2": state}}


@pytest.mark.parametrize("destination", [Destination("b"), Destination("a")])
def test_a_variant_that_goes_elsewhere_has_to_be_asked_first(house, destination):
    house.watch.follow(configuration(TCP))
    house.clock.advance(1.0)
    house.answer()
    house.watch.follow(there(configuration(FILE, destination=destination)))
    assert house.told() == ({"web": {"v2": "true"}} if destination.cluster == "b" else {})


def test_one_that_was_not_there_does_not_come_by_a_new_probe_alone(house):
    house.watch.follow(configuration(TCP))
    house.clock.advance(1.0)
    house.answer("refused")
    house.watch.follow(configuration(FILE))
    assert house.told() == {}


def test_a_probe_that_is_gone_is_asked_no_more(house):
    house.watch.follow(configuration(TCP))
    house.clock.advance(1.0)
    asked = house.asked[0]
    house.answer()
    house.watch.follow(configuration(FILE))
    assert house.told() == {}, "nobody has looked for the file"
    assert not asked.cancelled and house.asked[0].cancelled
    house.watch.follow(configuration())
    assert house.clock.getDelayedCalls() == []


def test_an_application_that_is_gone_is_not_spoken_of(house):
    house.watch.follow(configuration(TCP))
    house.clock.advance(1.0)
    house.answer()
    house.watch.follow(Configuration())
    assert house.published[-1] == () and house.clock.getDelayedCalls() == []


def test_closed_it_asks_nobody(house):
    house.watch.follow(configuration(TCP, FILE))
    house.clock.advance(1.0)
    house.watch.close()
    assert all(each.cancelled for each in house.asked) and house.clock.getDelayedCalls() == []
    assert repr(house.watch) == "<PresenceWatch: 0 probes, 0 under way>"


def test_no_more_than_so_many_are_asked_at_once(house):
    probes = [evolve(FILE, target=f"/run/{number}") for number in range(MOST_PROBES + 1)]
    house.watch.follow(configuration(*probes))
    house.clock.pump([0.25] * 8)
    assert len(house.asked) == MOST_PROBES
    house.asked[0].tell("")
    house.clock.advance(0.2)
    assert len(house.asked) == MOST_PROBES + 1
