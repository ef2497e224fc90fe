"""What a request changes."""

import pytest
from attrs import evolve

from shadowgate.config.clashes import key_of
from shadowgate.errors import Position, Problem
from shadowgate.objects.planning import Present, plan_apply, plan_delete, retold
from shadowgate.objects.refusals import Reason, Refused
from shadowgate.objects.request import File, read_files
from shadowgate.objects.store import Store
from shadowgate.objects.writing import plain
from shadowgate.plugin import Report
from shadowgate.plugin.yaml import read_text

WEB = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {port: 80}\n"
MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {a: b}\n"


class Shop:
    """A store, and what else is in service."""

    def __init__(self):
        self.store = Store()
        self.elsewhere = []
        self.generated = []

    @property
    def present(self):
        return Present.of(self.store.objects, [*self.store.documents, *self.elsewhere], self.generated)

    def plan(self, *texts, now=0.0, create=False):
        wanted = read_files([File("given.yaml", text) for text in texts])
        return plan_apply(wanted, self.present, self.store.as_kept, now, create)

    def apply(self, *texts, now=0.0):
        plan = self.plan(*texts, now=now)
        self.store.keep(plan.to_keep)
        return [change.outcome for change in plan.changes]

    def metadata(self, number=0):
        return plain(self.store.documents[number].root)["metadata"]


@pytest.fixture
def it():
    return Shop()


def documents(text, source):
    return read_text(text, source, Report())


def test_an_object_is_created_then_unchanged_then_configured(it):
    assert it.apply(WEB) == ["created"]
    assert it.apply(WEB) == ["unchanged"]
    assert it.plan(WEB).to_keep == {}
    assert it.apply(WEB.replace("80", "81")) == ["configured"]


@pytest.mark.parametrize(
    "same",
    [
        WEB.replace("{port: 80}", "\n  port: 80 # http"),
        "spec: {port: 80}\nkind: Service\nmetadata: {name: web}\napiVersion: v1\n",
        WEB.replace("{name: web}", "{name: web, namespace: default}"),
        WEB.replace("{name: web}", "{name: web, resourceVersion: '9', uid: x, generation: 7, managedFields: []}"),
    ],
)
def test_what_says_the_same_is_unchanged(it, same):
    it.apply(WEB)
    assert it.apply(same) == ["unchanged"]


def test_an_object_says_when_it_was_created_and_counts_its_changes(it):
    it.apply(WEB, now=1.0)
    assert it.metadata() == {
        "name": "web",
        "namespace": "default",
        "creationTimestamp": "1970-01-01T00:00:01Z",
        "generation": 1,
    }
    it.apply(WEB.replace("80", "81"), now=2.0)
    assert (it.metadata()["creationTimestamp"], it.metadata()["generation"]) == ("1970-01-01T00:00:01Z", 2)
    it.apply(WEB.replace("80", "81").replace("{name: web}", "{name: web, labels: {a: b}}"), now=3.0)
    assert it.metadata()["generation"] == 2, "labels are no part of spec"


def test_an_object_without_a_spec_has_no_generation(it):
    it.apply(MAP)
    assert "generation" not in it.metadata()


def test_what_the_writer_says_of_the_servers_own_is_not_believed(it):
    it.apply(WEB.replace("{name: web}", "{name: web, creationTimestamp: null, uid: x, selfLink: y}"), now=5.0)
    assert it.metadata()["creationTimestamp"] == "1970-01-01T00:00:05Z"
    assert not {"uid", "selfLink"} & set(it.metadata())


def test_the_status_that_get_shows_of_a_route_is_not_the_writers_and_that_of_others_is(it):
    route = "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: web}\nspec: {}\n"
    it.apply(route, WEB)
    status = "status: {parents: []}\n"
    assert it.apply(route + status, WEB + status) == ["unchanged", "configured"]
    assert "status" not in plain(it.store.documents[1].root)
    assert plain(it.store.documents[0].root)["status"] == {"parents": []}


def test_an_object_is_kept_with_its_keys_in_order_and_its_words(it):
    it.apply("status: {}\nspec: {a: 010, b: on}\nmetadata: {name: web}\nkind: Service\napiVersion: v1\n")
    (kept,) = it.store.documents
    assert [key.text for key, _ in kept.root.entries] == ["apiVersion", "kind", "metadata", "spec", "status"]
    assert kept.root.text("spec", "a") == "010"


def test_create_refuses_all_when_one_is_there(it):
    it.apply(WEB)
    it.elsewhere = documents(MAP, "a.yaml")
    with pytest.raises(Refused) as refused:
        it.plan(WEB, MAP, WEB.replace("web", "new"), create=True)
    assert refused.value.reason is Reason.ALREADY_EXISTS
    assert refused.value.message == 'services "web" already exists; configmaps "web" already exists, at a.yaml:1:1'
    assert [change.outcome for change in it.plan(WEB.replace("web", "new"), create=True).changes] == ["created"]


def test_what_is_generated_is_not_written(it):
    it.generated = documents(WEB, "policy.yaml")
    with pytest.raises(Refused) as refused:
        it.plan(WEB)
    (problem,) = refused.value.problems
    assert str(problem).startswith("given.yaml:1:1: error [SG1004]: Service default/web is generated from what is at p")


def test_an_immutable_config_map_keeps_its_data(it):
    it.apply(MAP + "immutable: true\n")
    for changed in (MAP.replace("a: b", "a: c") + "immutable: true\n", MAP, MAP + "immutable: false\n"):
        with pytest.raises(Refused) as refused:
            it.plan(changed)
        assert refused.value.problems[0].code == "SG1006"
    labelled = MAP.replace("{name: web}", "{name: web, labels: {a: b}}") + "immutable: true\n"
    assert it.apply(labelled) == ["configured"]


def test_objects_are_deleted_and_those_that_are_not_there_are_named(it):
    it.apply(WEB, MAP)
    gone, missing = (evolve(key_of(it.store.documents[1]), name=name) for name in ("web", "nobody"))
    plan = plan_delete([gone, missing, gone], it.present)
    assert plan.to_keep == {gone: None}
    assert plan.missing == [missing]


@pytest.mark.parametrize(
    ("where", "told"),
    [("elsewhere", 'services "web" is at a.yaml:1:1: remove it there'), ("generated", "generated from what is at a.y")],
)
def test_what_the_store_does_not_keep_is_not_deleted(it, where, told):
    setattr(it, where, documents(WEB, "a.yaml"))
    (document,) = it.elsewhere or it.generated
    with pytest.raises(Refused) as refused:
        plan_delete([key_of(document)], it.present)
    assert refused.value.reason is Reason.FORBIDDEN
    assert told in refused.value.message


# Places


def problem_at(document, line, column, message="wrong"):
    return Problem(message, Position(document.position.source, line, column))


def test_problems_are_told_where_the_writer_wrote(it):
    plan = it.plan(
        "# one\n# two\nmetadata: {name: web}\nkind: Service\napiVersion: v1\nspec:\n    ports: [{port: x}]\n"
    )
    (document,) = plan.to_keep.values()
    spec = document.root.get("spec")
    port = spec.get("ports").items[0].get("port")
    other = Position("other.yaml", 4, 4)
    problems = [
        Problem("a", spec.position),
        Problem(f"b; the first is at {port.position}", port.position),
        Problem("c", document.position),
        Problem("d", other),
    ]
    assert [str(problem) for problem in retold(problems, plan)] == [
        "given.yaml:7:5: error: a",
        "given.yaml:7:20: error: b; the first is at given.yaml:7:20",
        "given.yaml:3:1: error: c",
        "other.yaml:4:4: error: d",
    ]


def test_places_inside_a_text_of_several_lines_are_found(it):
    plan = it.plan(
        "kind: ConfigMap\napiVersion: v1\nmetadata: {name: web}\n"
        "data:\n      spec: |\n            a:\n              b\n"
    )
    (document,) = plan.to_keep.values()
    block = document.root.get("data").get("spec")
    inside = problem_at(document, block.position.line + 2, block.indent + 3)
    (told,) = retold([inside], plan)
    assert told.position == Position("given.yaml", 7, 15)
