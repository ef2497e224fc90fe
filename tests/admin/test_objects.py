"""The admin API's pages about objects."""

import json

import pytest

from shadowgate.admin import objects
from shadowgate.admin.objects import FILES_TYPE
from shadowgate.admin.site import admin_factory
from shadowgate.objects.desk import Desk
from shadowgate.objects.offers import FILES, Offers
from shadowgate.objects.store import Store

MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web, labels: {a: b}}\ndata: {a: b}\n"


@pytest.fixture
def it(in_memory):
    made = in_memory(listen=["tcp:8000"])
    offers = Offers(made.gateway.offer)
    made.desk = Desk(made.gateway.env, made.gateway, offers, Store())
    offers.hold(FILES, ())
    made.desk.open()
    made.gateway.apply(*offers.union)
    return made


@pytest.fixture
def ask(it):
    """Ask for a page: status and JSON."""
    site = admin_factory(it.gateway, it.desk)

    def ask(path, body=None, kind="application/yaml", method=None):
        client = it.connect(site)
        method = method or ("GET" if body is None else "POST")
        content = (body or "").encode()
        head = f"{method} {path} HTTP/1.0\r\nContent-Type: {kind}\r\nContent-Length: {len(content)}\r\n\r\n"
        client.send(head.encode() + content)
        it.reactor.settle()
        answer, _, text = client.take().partition(b"\r\n\r\n")
        status = int(answer.split()[1])
        return status, json.loads(text) if b"application/json" in answer else text.decode()

    return ask


def results(answer):
    return [(each["resource"], each["result"]) for each in answer["results"]]


def test_an_object_is_applied_shown_and_deleted(it, ask):
    status, answer = ask("/objects/apply?source=a.yaml", MAP)
    assert (status, results(answer), answer["kept"]) == (200, [("configmap/web", "created")], "memory")
    assert answer["generation"] == it.gateway.snapshot.generation
    status, answer = ask("/objects?kind=cm&name=web&namespace=default")
    (item,) = answer["items"]
    assert (status, item["object"]["data"], item["source"]["keeper"]) == (200, {"a": "b"}, "memory")
    status, answer = ask("/objects/delete?kind=cm&name=web", "")
    assert (status, results(answer)) == (200, [("configmap/web", "deleted")])
    assert it.desk.store.objects == {}


def test_objects_are_asked_for_by_kind_name_namespace_and_label(ask):
    ask("/objects/apply", MAP + "---\n" + MAP.replace("web", "shop").replace("a: b}}", "a: c}}"))

    def named(query):
        return [each["object"]["metadata"]["name"] for each in ask(f"/objects?{query}")[1]["items"]]

    assert named("kind=all") == ["shop", "web"]
    assert named("kind=configmaps&selector=a%3Db") == ["web"]
    assert named("kind=cm/shop") == ["shop"]
    assert named("kind=cm&namespace=other") == []
    assert named("kind=svc") == []


def test_create_refuses_what_is_there(ask):
    assert ask("/objects/create", MAP)[0] == 200
    status, answer = ask("/objects/create", MAP)
    assert (status, answer["reason"], answer["code"]) == (409, "AlreadyExists", 409)


def test_a_difference_is_shown_from_both_sides(ask):
    ask("/objects/apply", MAP)
    status, answer = ask("/objects/diff", MAP.replace("data: {a: b}", "data: {a: c}"))
    (result,) = answer["results"]
    assert (status, result["result"]) == (200, "configured")
    assert (result["before"]["data"], result["after"]["data"]) == ({"a": "b"}, {"a": "c"})
    assert ask("/objects?kind=cm")[1]["items"][0]["object"]["data"] == {"a": "b"}


def test_a_difference_of_secrets_shows_which_values_differ_and_none_of_them(ask):
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {same: c2FtZQ==, other: b2xk}\n"
    ask("/objects/apply", secret)
    (result,) = ask("/objects/diff", secret.replace("b2xk", "bmV3") + "stringData: {more: clear}\n")[1]["results"]
    assert result["before"]["data"] == {"same": "***", "other": "*** (before)"}
    assert result["after"]["data"] == {"same": "***", "other": "*** (after)"}
    assert result["after"]["stringData"] == {"more": "*** (after)"}
    assert ask("/objects/diff", secret.replace("\ndata:", "\nstringData: [a]\ndata:"))[0] == 200


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""])
def test_a_body_is_never_read_as_a_forms_fields(it, ask, kind):
    # curl --data says that it sends a form, whatever it sends.
    ask("/objects/apply", MAP)
    text = MAP.replace("web", "shop").replace("a: b}\n", "a: '?x=y&kind=cm/web&namespace=other'}\n")
    status, answer = ask("/objects/apply", text, kind)
    assert (status, results(answer), answer["results"][0]["namespace"]) == (
        200,
        [("configmap/shop", "created")],
        "default",
    )
    status, answer = ask("/objects/delete", text, kind)
    assert (status, results(answer)) == (200, [("configmap/shop", "deleted")])


def test_all_objects_are_shown_where_nothing_is_asked_for(ask):
    ask("/objects/apply", MAP)
    assert [each["resource"] for each in ask("/objects")[1]["items"]] == ["configmap/web"]


@pytest.mark.parametrize(
    "body",
    ["[" * 100_000, r'{"files": [{"name": "a", "text": "\udcff"}]}', r'{"files": [{"name": "\udcff", "text": ""}]}'],
)
def test_json_that_is_no_text_is_refused(ask, body):
    status, answer = ask("/objects/apply", body, FILES_TYPE)
    assert (status, answer["reason"]) == (400, "BadRequest")


def test_several_files_come_as_json(ask):
    bundle = {"files": [{"name": "a.yaml", "text": MAP}, {"name": "b.yaml", "text": "a: [\n"}]}
    status, answer = ask("/objects/apply", json.dumps(bundle), FILES_TYPE)
    assert (status, answer["reason"]) == (422, "Invalid")
    assert answer["problems"][0]["text"].startswith("b.yaml:")
    bundle["files"][1]["text"] = MAP.replace("web", "shop")
    status, answer = ask("/objects/apply", json.dumps(bundle), FILES_TYPE)
    assert results(answer) == [("configmap/web", "created"), ("configmap/shop", "created")]


def test_objects_may_be_json(ask):
    body = '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web"}, "data": {"a": "true"}}'
    assert results(ask("/objects/apply", body, "application/json")[1]) == [("configmap/web", "created")]
    assert ask("/objects?kind=cm")[1]["items"][0]["object"]["data"] == {"a": "true"}


def test_all_of_a_kind_are_deleted_in_one_namespace(ask):
    ask("/objects/apply", MAP + "---\n" + MAP.replace("web", "shop"))
    ask("/objects/apply?namespace=other", MAP)
    status, answer = ask("/objects/delete?kind=cm&all=true&namespace=default", "")
    assert (status, sorted(results(answer))) == (200, [("configmap/shop", "deleted"), ("configmap/web", "deleted")])
    status, answer = ask("/objects/delete?kind=cm&all=true", "")
    assert (status, results(answer)) == (200, [])
    assert len(ask("/objects?kind=cm")[1]["items"]) == 1


def test_what_a_file_names_is_deleted(ask):
    ask("/objects/apply", MAP)
    status, answer = ask("/objects/delete", MAP + "---\n" + MAP.replace("web", "nobody"))
    assert (status, results(answer)) == (404, [("configmap/web", "deleted")])
    assert answer["missing"] == ['configmaps "nobody" not found']


@pytest.mark.parametrize(
    ("path", "body", "status", "told"),
    [
        ("/objects?kind=cm&name=nobody", None, 404, 'configmaps "nobody" not found'),
        ("/objects?kind=nothing", None, 400, 'no kind of objects "nothing"'),
        ("/objects?kind=cm&selector=%25", None, 400, "no label selector"),
        ("/objects/delete?kind=cm", "", 400, "say which cm to delete"),
        ("/objects/delete", "", 400, "no objects are given"),
        ("/objects/apply", "", 400, "no objects are given"),
        ("/objects/apply?namespace=A", MAP, 400, '"A" cannot be a namespace'),
    ],
)
def test_a_question_that_cannot_be_answered_is_refused_in_words(ask, path, body, status, told):
    found, answer = ask(path, body)
    assert (found, answer["status"]) == (status, "Failure")
    assert told in answer["message"]


@pytest.mark.parametrize("body", ["", "{", "[]", '{"files": {}}', '{"files": [{"name": "a"}]}', '{"files": ["a"]}'])
def test_files_in_another_form_are_refused(ask, body):
    status, answer = ask("/objects/apply", body, FILES_TYPE)
    assert (status, answer["reason"]) == (400, "BadRequest")


@pytest.mark.parametrize("page", ["apply", "create", "diff", "delete"])
def test_nothing_is_changed_by_following_a_link(ask, page):
    status, answer = ask(f"/objects/{page}?kind=cm&name=web", method="GET")
    assert (status, "This takes POST." in answer) == (405, True)


def test_a_body_beyond_the_bound_is_not_kept_and_refused(ask, monkeypatch):
    monkeypatch.setattr(objects, "MOST_BYTES", 50)
    status, answer = ask("/objects/apply", MAP)
    assert (status, answer["reason"]) == (413, "RequestEntityTooLarge")


def test_a_gateway_without_a_desk_has_no_such_pages(it):
    client = it.connect(admin_factory(it.gateway))
    client.send(b"GET /objects HTTP/1.0\r\n\r\n")
    assert b" 404 " in client.take().partition(b"\r\n")[0]


def test_the_first_page_names_them(it, ask):
    assert "/objects/apply" in ask("/")[1]
