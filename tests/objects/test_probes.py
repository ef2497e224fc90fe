"""What probes have found is put in service beside everything else, and a file that is wrong holds nothing up."""

import pytest
from attrs import define, field

from shadowgate.objects.offers import FILES, STORE, Offers
from shadowgate.objects.probes import PROBES, Findings, watch_presence
from shadowgate.plugin import Report
from shadowgate.plugin.documents import Document
from shadowgate.plugin.yaml import read_text

CONFIG = """
clusters: {a: "127.0.0.1:1", b: "127.0.0.1:2"}
variants:
  web:
    hosts: web
    pattern: mirror
    variants: [a, {name: v2, to: b, probes: {file: /nowhere/v2}}]
"""
FOUND = """
apiVersion: shadowgate.io/v1
kind: Availability
metadata: {name: web}
variants: [{name: v2, available: %s}]
"""
STORED = "{apiVersion: v1, kind: Service, metadata: {name: s}, spec: {ports: [{port: 80}]}}"


def documents(text, origin=""):
    report = Report()
    found = tuple(Document(each.root, origin) for each in read_text(text, "f.yaml", report))
    assert report.problems == []
    return found


@define(eq=False)
class House:
    it: object
    offers: Offers = field(init=False)

    def __attrs_post_init__(self):
        self.offers = Offers(self.it.gateway.offer)

    def serve(self):
        self.offers.hold(FILES, documents(CONFIG))
        self.offers.hold(STORE, documents(STORED, STORE))
        self.it.gateway.apply(*self.offers.union)
        return Findings(self.it.gateway.env, self.it.gateway, self.offers)

    def mirrors(self):
        """Return where the rule of the application copies to."""
        configuration = self.it.gateway.snapshot.configuration
        (route,) = (route for route in configuration.routes if route.name == "web")
        return [mirror.destination.cluster for mirror in route.rules[0].mirrors]

    def settle(self):
        for _ in range(20):
            self.it.reactor.advance(0.01)


@pytest.fixture
def house(in_memory):
    return House(in_memory())


def test_what_was_found_is_served_and_kept_through_what_files_say_next(house):
    findings = house.serve()
    assert house.mirrors() == []
    findings.publish(documents(FOUND % "true"))
    house.settle()
    assert house.mirrors() == ["b"]
    house.offers.publish(FILES, documents(CONFIG.replace("hosts: web", "hosts: other")))
    house.settle()
    assert house.mirrors() == ["b"]
    findings.publish(documents(FOUND % "false"))
    house.settle()
    assert house.mirrors() == []


def test_nothing_is_loaded_twice_for_one_change(house):
    findings = house.serve()
    findings.publish(documents(FOUND % "true"))
    house.settle()
    assert house.it.gateway.loads == 2
    assert {document.origin for document in house.it.gateway.documents} == {"", PROBES, STORE}


def test_a_file_that_is_wrong_holds_nobody_up(house):
    findings = house.serve()
    findings.publish(documents(FOUND % "true"))
    house.settle()
    house.offers.publish(FILES, documents("{no: such, key: here}"))
    house.settle()
    assert not house.it.gateway.last_load_ok and house.mirrors() == ["b"]
    findings.publish(documents(FOUND % "false"))
    house.settle()
    assert house.mirrors() == [], "a variant that is gone gets nothing, whatever stands in a file"
    assert not house.it.gateway.last_load_ok, "and the file is as wrong as before"


def test_events_tell_of_each_change(house):
    findings = house.serve()
    for state in ("true", "false"):
        findings.publish(documents(FOUND % state))
        house.settle()
    events = [
        (event.variant, event.available, event.before, event.after) for event in house.it.gateway.availability.recent
    ]
    assert events == [("a", True, (), (1, 0)), ("v2", True, (1, 0), (1, 100)), ("v2", False, (1, 100), (1, 0))]


def test_probes_are_asked_for_whatever_is_in_service(house):
    house.serve()
    gateway = house.it.gateway
    watch = watch_presence(gateway.env, gateway, house.offers, gateway.settings)
    assert repr(watch) == "<PresenceWatch: 1 probes, 0 under way>"
    gateway.apply(documents('{clusters: {a: "127.0.0.1:1"}, routes: [{to: a}]}'))
    assert repr(watch) == "<PresenceWatch: 0 probes, 0 under way>"
    watch.close()
