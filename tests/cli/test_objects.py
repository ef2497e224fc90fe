"""The commands about objects: what they ask a gateway for, and how they tell its answers."""

import io
import json
import os
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from shadowgate.cli import delete, get, main, objects
from shadowgate.cli.client import NotReached, Reply
from shadowgate.cli.get import _age
from shadowgate.cli.yaml_output import as_yaml

SERVICE = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\n"


@pytest.fixture
def gateway(monkeypatch):
    """A gateway that keeps what it is asked, and gives the answers of a test."""

    class Gateway:
        def __init__(self):
            self.asked = []
            self.status = 200
            self.answer = {"results": [], "warnings": [], "kept": "store", "items": []}

        def reply(self, admin, path, text="", kind=""):
            self.asked.append((admin, path, text))
            if self.status is None:
                raise NotReached("no gateway answers")
            return Reply(self.status, self.answer)

        @property
        def query(self):
            return parse_qs(urlsplit(self.asked[-1][1]).query)

        @property
        def files(self):
            return json.loads(self.asked[-1][2])["files"]

    made = Gateway()
    monkeypatch.setattr(objects, "tell", made.reply)
    monkeypatch.setattr(delete, "tell", made.reply)
    monkeypatch.setattr(get, "ask", lambda questions: [made.reply(*each) for each in questions])
    monkeypatch.delenv("SHADOWGATE_ADMIN", raising=False)
    return made


@pytest.fixture
def shadowgate(capsys, monkeypatch, gateway):
    def run(words, given=""):
        content = given if isinstance(given, bytes) else given.encode()
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
        with pytest.raises(SystemExit) as left:
            main(words.split())
        said = capsys.readouterr()
        return left.value.code or 0, said.out, said.err

    return run


def refuse(gateway, status, reason, message, **more):
    gateway.status = status
    gateway.answer = {"kind": "Status", "reason": reason, "message": message, **more}


# apply and create


@pytest.mark.parametrize("command", ["apply", "create"])
def test_standard_input_is_sent_and_each_result_is_a_line(shadowgate, gateway, command):
    gateway.answer["results"] = [
        {"resource": "service/web", "result": "created"},
        {"resource": "deployment.apps/web", "result": "unchanged"},
    ]
    status, out, err = shadowgate(f"{command} -f - -n other", SERVICE)
    assert (status, out, err) == (0, "service/web created\ndeployment.apps/web unchanged\n", "")
    assert gateway.asked[0][:2] == ("http://127.0.0.1:9900", f"/objects/{command}?namespace=other")
    assert gateway.files == [{"name": "<stdin>", "text": SERVICE}]


def test_what_is_no_text_is_told_with_its_place_and_asked_of_nobody(shadowgate, gateway):
    status, _, err = shadowgate("apply -f -", b"a: b\n\xff")
    assert (status, gateway.asked) == (1, [])
    assert err == "<stdin>:2:1: error [SG0004]: not text in UTF-8; found the byte 0xff\n"


def test_what_another_command_writes_is_sent(shadowgate, gateway):
    there, here = os.pipe()
    os.write(here, SERVICE.encode())
    os.close(here)
    status, _, _ = shadowgate(f"apply -f /dev/fd/{there} -f /dev/null")
    os.close(there)
    assert (status, [each["text"] for each in gateway.files]) == (0, [SERVICE, ""])


def test_files_and_directories_are_sent_together(shadowgate, gateway, tmp_path):
    (tmp_path / "more").mkdir()
    for name in ("more/b.yaml", "more/a.yml", "more/c.txt", "one.yaml"):
        (tmp_path / name).write_text(name)
    status, _, _ = shadowgate(f"apply -f {tmp_path}/one.yaml --filename {tmp_path}/more")
    assert status == 0
    assert [each["text"] for each in gateway.files] == ["one.yaml", "more/a.yml", "more/b.yaml"]


def test_a_file_that_is_not_there_is_asked_of_nobody(shadowgate, gateway, tmp_path):
    status, _, err = shadowgate(f"apply -f {tmp_path}/nothing.yaml")
    assert (status, gateway.asked) == (1, [])
    assert "no such file" in err


def test_what_is_kept_in_memory_only_is_said(shadowgate, gateway):
    gateway.answer["kept"] = "memory"
    gateway.answer["warnings"] = [{"text": "a.yaml:1:1: warning: beware"}]
    status, _, err = shadowgate("apply -f -", SERVICE)
    assert status == 0
    assert err.splitlines() == [
        "Warning: a.yaml:1:1: warning: beware",
        "Warning: kept in memory only: start the gateway with --store DIR to have objects outlive it",
    ]


def test_a_refusal_is_told_with_all_problems(shadowgate, gateway):
    problems = [{"text": "<stdin>:1:1: error: a"}, {"text": "<stdin>:2:1: error: b"}]
    refuse(gateway, 422, "Invalid", "nothing is changed", problems=problems)
    assert shadowgate("apply -f -", SERVICE) == (
        1,
        "",
        "<stdin>:1:1: error: a\n<stdin>:2:1: error: b\nError from server (Invalid): nothing is changed\n",
    )


@pytest.mark.parametrize("words", ["apply -f -", "get svc", "delete svc/web", "diff -f -"])
def test_where_nobody_answers_the_status_is_3(shadowgate, gateway, words):
    gateway.status = None
    assert shadowgate(words, SERVICE) == (3, "", "shadowgate: no gateway answers\n")


@pytest.mark.parametrize(
    "words",
    [
        "apply",
        "apply web.yaml",
        "create",
        "apply -f - --admin somewhere",
        "get",
        "get svc/a b",
        "get svc -o jsonpath={.items",
        "get svc -o go-template={{.items}}",
        "delete",
        "delete svc",
        "delete svc/a -f -",
        "delete svc/a --all",
        "delete --all",
        "delete a/b c",
        "diff -f - a",
        "diff -f - a b",
        "diff a",
        "diff",
    ],
)
def test_a_wrong_command_line_is_status_2_and_asks_nobody(shadowgate, gateway, words):
    status, out, err = shadowgate(words)
    assert (status, out, gateway.asked) == (2, "", [])
    assert err.startswith("Usage: shadowgate")


def test_a_file_without_its_option_is_told(shadowgate):
    assert shadowgate("apply web.yaml")[2].endswith("shadowgate: files are named behind -f: -f web.yaml\n")


def test_the_environment_says_which_gateway(shadowgate, gateway, monkeypatch):
    monkeypatch.setenv("SHADOWGATE_ADMIN", "unix:/run/gate")
    shadowgate("get svc")
    shadowgate("get svc --admin http://127.0.0.1:9901")
    assert [admin for admin, _, _ in gateway.asked] == ["unix:/run/gate", "http://127.0.0.1:9901"]


# delete


@pytest.mark.parametrize(
    ("words", "query"),
    [
        ("delete deploy/a svc/b", {"kind": ["deploy/a", "svc/b"]}),
        ("delete deploy a b", {"kind": ["deploy"], "name": ["a", "b"]}),
        ("delete svc/a -n other", {"kind": ["svc/a"], "namespace": ["other"]}),
        ("delete svc --all", {"kind": ["svc"], "all": ["true"]}),
    ],
)
def test_what_is_to_be_deleted_is_named_as_kubectl_has_it(shadowgate, gateway, words, query):
    shadowgate(words)
    assert gateway.query == query


def test_what_was_deleted_and_what_was_not_there_are_told(shadowgate, gateway):
    refuse(gateway, 404, "NotFound", "x")
    gateway.answer["results"] = [{"quoted": 'service "a"'}]
    gateway.answer["missing"] = ['services "b" not found', 'services "c" not found']
    said = (
        'Error from server (NotFound): services "b" not found\nError from server (NotFound): services "c" not found\n'
    )
    assert shadowgate("delete svc a b c") == (1, 'service "a" deleted\n', said)
    assert shadowgate("delete svc a b c --ignore-not-found") == (0, 'service "a" deleted\n', "")


# get


def item(name="web", kind="Service", created="", keeper="store", **more):
    metadata = {"name": name, "namespace": "default", **({"creationTimestamp": created} if created else {})}
    return {
        "resource": f"{kind.lower()}/{name}",
        "resources": f"{kind.lower()}s",
        "source": {"keeper": keeper, "position": "a.yaml:1:1"},
        "object": {"apiVersion": "v1", "kind": kind, "metadata": metadata, **more},
    }


def test_objects_are_shown_as_a_table(shadowgate, gateway):
    gateway.answer["items"] = [item("web"), item("shopping", keeper="file"), item("made", keeper="generated")]
    status, out, _ = shadowgate("get svc")
    assert status == 0
    assert out.splitlines() == [
        "NAME       AGE         SOURCE",
        "web        <unknown>   store",
        "shopping   <unknown>   a.yaml:1:1",
        "made       <unknown>   generated from a.yaml:1:1",
    ]
    assert gateway.query == {"kind": ["svc"], "namespace": ["default"]}


def test_of_several_kinds_and_namespaces_both_are_shown(shadowgate, gateway):
    gateway.answer["items"] = [item("web"), item("web", "Pod", keeper="memory")]
    _, out, _ = shadowgate("get svc,po -A -l a=b")
    assert [line.split()[:2] for line in out.splitlines()] == [
        ["NAMESPACE", "NAME"],
        ["default", "service/web"],
        ["default", "pod/web"],
    ]
    assert gateway.query == {"kind": ["svc,po"], "selector": ["a=b"]}


@pytest.mark.parametrize("words", ["all", "svc,po"])
def test_where_several_kinds_are_asked_for_the_kind_is_shown(shadowgate, gateway, words):
    gateway.answer["items"] = [item("web")]
    assert shadowgate(f"get {words}")[1].splitlines()[1].startswith("service/web ")


def test_conditions_are_shown_where_there_are_any(shadowgate, gateway):
    held = {"type": "Accepted", "status": "True", "reason": "Accepted"}
    failed = {"type": "ResolvedRefs", "status": "False", "reason": "BackendNotFound"}
    gateway.answer["items"] = [
        item("a", "HTTPRoute", status={"parents": [{"conditions": [held, failed]}, {"conditions": [held]}]}),
        item("b", "Gateway", status={"conditions": [held]}),
        item("c"),
    ]
    _, out, _ = shadowgate("get all")
    header, *rows = out.splitlines()
    column = slice(header.index("CONDITIONS"), header.index("SOURCE"))
    assert [row[column].strip() for row in rows] == ["Accepted, ResolvedRefs=False (BackendNotFound)", "Accepted", ""]


def test_no_objects_are_said_to_be_none(shadowgate):
    assert shadowgate("get svc -n other") == (0, "", "No resources found in other namespace.\n")
    assert shadowgate("get svc -A") == (0, "", "No resources found.\n")


def test_one_object_is_shown_as_it_is_and_several_as_a_list(shadowgate, gateway):
    gateway.answer["items"] = [item(spec={"a": "on", "text": "x\ny\n"})]
    _, out, _ = shadowgate("get svc/web -o yaml")
    assert out == (
        "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\n  namespace: default\n"
        "spec:\n  a: 'on'\n  text: |\n    x\n    y\n"
    )
    _, out, _ = shadowgate("get svc web -o json")
    assert json.loads(out)["kind"] == "Service"
    _, out, _ = shadowgate("get svc -o json")
    assert (json.loads(out)["kind"], len(json.loads(out)["items"])) == ("List", 1)
    assert shadowgate("get svc -o name")[1] == "service/web\n"
    assert shadowgate("get svc -o jsonpath={.items..metadata.name}")[1] == "web"
    assert shadowgate("get svc/web -o=jsonpath={.metadata.name}:{.spec.a}")[1] == "web:on"


def test_scripts_for_kubectl_write_options_its_way(shadowgate, gateway):
    gateway.answer["items"] = [item("web")]
    status, out, _ = shadowgate("get svc -n=shop -l=app=web -o=wide")
    assert (status, out.split()[0]) == (0, "NAME")
    assert (gateway.query["namespace"], gateway.query["selector"]) == (["shop"], ["app=web"])
    shadowgate("delete svc web -n=shop")
    assert gateway.query["namespace"] == ["shop"]


def test_an_object_that_is_not_there_is_told_as_kubectl_does(shadowgate, gateway):
    refuse(gateway, 404, "NotFound", 'services "web" not found')
    assert shadowgate("get svc/web") == (1, "", 'Error from server (NotFound): services "web" not found\n')


@pytest.mark.parametrize(
    ("seconds", "age"),
    [(0, "0s"), (9, "9s"), (65, "1m5s"), (3600, "1h"), (36000, "10h"), (93600, "1d2h"), (864000, "10d")],
)
def test_ages_are_short(seconds, age):
    assert _age((datetime.now(UTC) - timedelta(seconds=seconds + 0.3)).isoformat()) == age


def test_what_is_no_time_has_no_age():
    assert _age("yesterday") == "<unknown>"


# diff


def test_a_difference_is_shown_as_diff_does_and_in_routing(shadowgate, gateway):
    gateway.answer |= {
        "results": [
            {
                "resource": "service/web",
                "namespace": "default",
                "result": "configured",
                "before": {"spec": {"port": 80}},
                "after": {"spec": {"port": 81}},
            },
            {"resource": "service/new", "namespace": "", "result": "created", "before": None, "after": {"a": 1}},
        ],
        "routing": [
            {"kind": "changed", "path": "cluster web: port", "before": 80, "after": 81, "afterPosition": "a:1:1"}
        ],
    }
    status, out, _ = shadowgate("diff -f -", SERVICE)
    assert status == 1
    assert out.splitlines() == [
        "--- service/web in default (in service)",
        "+++ service/web in default (given)",
        "@@ -1,2 +1,2 @@",
        " spec:",
        "-  port: 80",
        "+  port: 81",
        "--- service/new (in service)",
        "+++ service/new (given)",
        "@@ -0,0 +1 @@",
        "+a: 1",
        "~ cluster web: port: 80 -> 81  (a:1:1)",
    ]


def test_no_difference_is_status_0(shadowgate, gateway):
    same = {"resource": "service/web", "namespace": "", "result": "unchanged", "before": {"a": 1}, "after": {"a": 1}}
    gateway.answer |= {"results": [same], "routing": []}
    assert shadowgate("diff -f -", SERVICE) == (0, "", "")
    status, out, _ = shadowgate("diff -f - -o json", SERVICE)
    assert (status, json.loads(out)["results"]) == (0, [same])


def test_what_would_be_refused_is_told(shadowgate, gateway):
    refuse(gateway, 422, "Invalid", "nothing is changed", problems=[{"text": "x"}])
    assert shadowgate("diff -f -", SERVICE)[0] == 1


def test_texts_that_others_would_take_for_something_else_are_quoted():
    assert as_yaml({"a": "true", "b": "010", "c": "2026-01-01", "d": None, "e": []}) == (
        "a: 'true'\nb: '010'\nc: '2026-01-01'\nd: null\ne: []\n"
    )
