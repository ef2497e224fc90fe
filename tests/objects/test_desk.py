"""Changes of objects: each is in service and kept as a whole, or without effect."""

import pytest
from attrs import define, field
from twisted.internet.defer import Deferred

from shadowgate.model.gateways import ObjectKey
from shadowgate.objects.desk import MOST_WAITING, Desk
from shadowgate.objects.disk import Disk, StoreError
from shadowgate.objects.offers import FILES, Offers
from shadowgate.objects.refusals import Reason, Refused
from shadowgate.objects.request import File
from shadowgate.objects.store import Store
from shadowgate.plugin import Report
from shadowgate.plugin.yaml import read_text

FILE = "clusters: {v1: 127.0.0.1:8001}\nroutes: {name: all, hosts: a.test, to: v1}\n"
ENTRY = """\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: web}
spec:
  hosts: [web.test]
  ports: [{number: 80, name: http, protocol: HTTP}]
  resolution: STATIC
  endpoints: [{address: 127.0.0.1}]
"""
GATEWAY = """\
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: edge}
spec: {servers: [{port: {number: 8081, name: http, protocol: HTTP}, hosts: ["*"]}]}
"""
WEB = ObjectKey("networking.istio.io", "ServiceEntry", "default", "web")


@define(eq=False)
class House:
    """A gateway with one file and a desk; what happens in the background waits while ``held``."""

    it: object
    store: Store
    offers: Offers = field(init=False)
    desk: Desk = field(init=False)
    held: list = field(default=None, init=False)

    def __attrs_post_init__(self):
        gateway = self.it.gateway
        self.offers = Offers(gateway.offer)
        self.desk = Desk(gateway.env, gateway, self.offers, self.store)
        self.offers.hold(FILES, read_text(FILE, "a.yaml", Report()))
        self.desk.open()
        gateway.apply(*self.offers.union)
        gateway.listen()

    def publish(self, text):
        report = Report()
        self.offers.publish(FILES, read_text(text, "a.yaml", report), report.problems)

    def result(self, asked):
        """What became of a request: the outcome of each object, or why it was refused."""
        found = []
        asked.addBoth(found.append)
        self.it.reactor.settle()
        (end,) = found
        if isinstance(getattr(end, "value", None), Refused):
            return end.value
        return [change.outcome for change in end.plan.changes]

    def apply(self, text=ENTRY, **given):
        return self.result(self.desk.apply(lambda: [File("given.yaml", text)], **given))

    def delete(self, *keys):
        return self.result(self.desk.delete(lambda present: keys))

    @property
    def hosts(self):
        """The hosts that are routed."""
        return {host for route in self.gateway.snapshot.configuration.routes for host in route.hosts} - {"a.test"}

    @property
    def gateway(self):
        return self.it.gateway

    @property
    def state(self):
        """All that a refused request must not change."""
        snapshot = self.gateway.snapshot
        return snapshot, self.gateway.problems, self.gateway.last_load_ok, self.store.objects, self.gateway.documents


@pytest.fixture
def house(in_memory):
    return House(in_memory(listen=["tcp:8000"]), Store())


def test_an_object_is_served_once_it_is_acknowledged(house):
    assert house.apply() == ["created"]
    assert house.hosts == {"web.test"}
    assert list(house.store.objects) == [WEB]
    assert house.apply(ENTRY.replace("web.test", "shop.test")) == ["configured"]
    assert house.hosts == {"shop.test"}
    assert house.delete(WEB) == ["deleted"]
    assert house.hosts == set()
    assert house.store.objects == {}


def test_what_changes_nothing_is_not_loaded(house):
    house.apply()
    generation = house.gateway.snapshot.generation
    assert house.apply() == ["unchanged"]
    assert house.gateway.snapshot.generation == generation


def test_a_change_is_loaded_once(house):
    loads = house.gateway.loads
    house.apply()
    assert house.gateway.loads == loads + 1
    assert house.offers.union[0] == house.gateway.documents


def test_what_is_applied_stays_when_files_change(house):
    house.apply()
    house.publish(FILE.replace("all", "other"))
    house.it.reactor.settle()
    assert [route.name for route in house.gateway.snapshot.configuration.routes] == ["other", "web.test"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (ENTRY.replace("hosts:", "host:"), "SG0013"),
        (ENTRY + "---\n" + GATEWAY.replace("number: 8081", "number: 70000"), "SG0124"),
        (ENTRY.replace("ServiceEntry", "ServiceEntri"), "SG1005"),
        (ENTRY + "---\n" + GATEWAY.replace("8081", "9999"), "SG0701"),
    ],
)
def test_what_is_refused_changes_nothing(house, text, code):
    house.it.reactor.taken.add(9999)
    house.apply(ENTRY.replace("web", "before"))
    before = house.state
    refused = house.apply(text)
    assert refused.reason is Reason.INVALID
    assert [problem.code for problem in refused.problems] == [code]
    assert all(problem.position.source == "given.yaml" for problem in refused.problems)
    assert house.state == before
    assert list(house.it.reactor.ports) == [8000]


def test_of_several_objects_all_are_taken_or_none(house):
    assert house.apply(ENTRY + "---\n" + ENTRY.replace("web", "shop")) == ["created", "created"]
    refused = house.apply(ENTRY.replace("web", "third") + "---\n" + ENTRY.replace("web", "fourth").replace("80", "x"))
    assert refused.reason is Reason.INVALID
    assert house.hosts == {"web.test", "shop.test"}


def test_a_file_that_is_wrong_stands_in_nobodys_way_and_stays_reported(house):
    house.publish("rutes: 1\n")
    house.it.reactor.settle()
    assert not house.gateway.last_load_ok
    assert house.apply() == ["created"]
    assert house.hosts == {"web.test"}
    assert [route.name for route in house.gateway.snapshot.configuration.routes] == ["all", "web.test"]
    assert not house.gateway.last_load_ok, "the file is as wrong as before"
    assert "rutes" in str(house.gateway.problems)
    house.publish(FILE.replace("all", "other"))
    house.it.reactor.settle()
    assert house.gateway.last_load_ok
    assert house.hosts == {"web.test"}


def test_warnings_about_the_change_are_told_and_others_are_not(house):
    house.publish(FILE.replace("to: v1}", "to: v1, mirror: nobody}"))
    house.it.reactor.settle()
    told = []
    empty = ENTRY.replace("  endpoints: [{address: 127.0.0.1}]\n", "")
    house.desk.apply(lambda: [File("given.yaml", empty)]).addCallback(told.append)
    house.it.reactor.settle()
    (done,) = told
    assert [problem.position.source for problem in done.warnings] == ["given.yaml"]
    assert "nobody" in str(house.gateway.problems)


def test_a_deletion_that_others_cannot_do_without_is_refused(house):
    house.apply()
    house.publish("routes: {name: all, hosts: a.test, to: web.test}\n")
    house.it.reactor.settle()
    before = house.state
    refused = house.delete(WEB)
    assert refused.reason is Reason.INVALID
    (problem,) = refused.problems
    assert str(problem.position).startswith("a.yaml:1:") and 'there is no cluster "web.test"' in problem.message
    assert house.state == before


# Trials


def compare(house, text):
    found = []
    house.desk.compare(lambda: [File("given.yaml", text)]).addBoth(found.append)
    house.it.reactor.settle()
    (end,) = found
    return end


def test_a_comparison_tells_what_would_change_and_changes_nothing(house):
    house.apply()
    before = house.state
    done = compare(house, ENTRY.replace("web.test", "shop.test") + "---\n" + GATEWAY)
    assert [change.outcome for change in done.plan.changes] == ["configured", "created"]
    assert any("shop.test" in change.path and change.kind == "added" for change in done.routing)
    assert house.state == before
    assert list(house.it.reactor.ports) == [8000]


def test_a_comparison_of_what_is_there_finds_nothing(house):
    house.apply()
    done = compare(house, ENTRY)
    assert [change.outcome for change in done.plan.changes] == ["unchanged"]
    assert done.routing == ()


def test_what_could_not_be_applied_is_not_compared(house):
    assert compare(house, ENTRY.replace("hosts", "host")).value.reason is Reason.INVALID


# Keeping


@define(eq=False)
class Threads:
    """Background work that is done when a test says so."""

    waiting: list = field(factory=list)
    at_once: bool = True

    def __call__(self, work):
        done = Deferred()
        self.waiting.append((work, done))
        if self.at_once:
            self.finish()
        return done

    def hold(self):
        pass

    def release(self):
        pass

    def finish(self):
        work, done = self.waiting.pop(0)
        try:
            done.callback(work())
        except Exception:
            done.errback()


@pytest.fixture
def threads():
    return Threads()


@pytest.fixture
def threaded(in_memory, threads):
    return House(in_memory(listen=["tcp:8000"], background=threads), Store())


def test_an_object_is_served_after_it_is_written_and_acknowledged_after_that(threaded, threads):
    threads.at_once = False
    acknowledged = []
    threaded.desk.apply(lambda: [File("given.yaml", ENTRY)]).addBoth(acknowledged.append)
    threads.finish()
    threaded.it.reactor.settle()
    assert len(threads.waiting) == 1, "the store is being written"
    assert (threaded.hosts, threaded.store.objects, acknowledged) == (set(), {}, [])
    threads.finish()
    assert threaded.hosts == {"web.test"}
    assert len(acknowledged) == 1


def test_nothing_else_is_put_in_service_while_a_change_is_written(threaded, threads):
    threads.at_once = False
    threaded.desk.apply(lambda: [File("given.yaml", ENTRY)])
    threads.finish()
    threaded.it.reactor.settle()
    threaded.publish(FILE.replace("all", "other"))
    threaded.it.reactor.settle()
    assert len(threads.waiting) == 1
    threads.at_once = True
    threads.finish()
    threaded.it.reactor.settle()
    assert [route.name for route in threaded.gateway.snapshot.configuration.routes] == ["other", "web.test"]


def test_requests_have_their_turns_in_their_order(threaded, threads):
    threads.at_once = False
    done = []
    for text in (ENTRY, ENTRY.replace("web.test", "shop.test"), ENTRY):
        threaded.desk.apply(lambda text=text: [File("given.yaml", text)]).addCallback(
            lambda end: done.append(end.plan.changes[0].outcome)
        )
    while threads.waiting:
        threads.finish()
        threaded.it.reactor.settle()
    assert done == ["created", "configured", "configured"]
    assert threaded.hosts == {"web.test"}


def test_what_cannot_be_written_is_not_served(in_memory, tmp_path):
    class Full:
        root = str(tmp_path)

        def names(self):
            return iter(())

        def keep(self, changes):
            raise StoreError("the store cannot be written: No space left on device")

    house = House(in_memory(listen=["tcp:8000"]), Store(Full()))
    before = house.state
    refused = house.apply(ENTRY + "---\n" + GATEWAY)
    assert refused.reason is Reason.NOT_STORED
    assert "No space left" in refused.message
    assert house.state == before
    assert list(house.it.reactor.ports) == [8000]


def test_what_was_applied_is_in_the_first_configuration_of_the_next_start(in_memory, tmp_path):
    first = House(in_memory(listen=["tcp:8000"]), Store(Disk(str(tmp_path))))
    first.apply()
    documents = first.gateway.documents
    first.store.close()
    second = House(in_memory(listen=["tcp:8000"]), Store(Disk(str(tmp_path))))
    assert second.hosts == {"web.test"}
    assert second.gateway.documents == documents
    assert second.apply() == ["unchanged"]
    second.store.close()


def test_only_so_many_requests_wait(threaded, threads):
    threads.at_once = False
    for _ in range(MOST_WAITING):
        threaded.desk.apply(lambda: [File("given.yaml", ENTRY)])
    with pytest.raises(Refused) as refused:
        threaded.desk.apply(lambda: [File("given.yaml", ENTRY)])
    assert refused.value.reason is Reason.TOO_MANY
    while threads.waiting:
        threads.finish()
        threaded.it.reactor.settle()
    assert threaded.desk.waiting == 0


def test_at_the_end_of_the_gateway_requests_are_refused(threaded, threads):
    threads.at_once = False
    ends = []
    for _ in range(2):
        threaded.desk.apply(lambda: [File("given.yaml", ENTRY)]).addErrback(
            lambda failure: ends.append(failure.value.reason)
        )
    threaded.gateway.drain()
    threaded.desk.apply(lambda: [File("given.yaml", ENTRY)]).addErrback(
        lambda failure: ends.append(failure.value.reason)
    )
    while threads.waiting:
        threads.finish()
        threaded.it.reactor.settle()
    assert ends == [Reason.UNAVAILABLE] * 3
    assert threaded.store.objects == {}
