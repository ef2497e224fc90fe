"""Options may stand anywhere, and a source is files or a gateway."""

import pytest
from twisted.python import usage

from shadowgate.cli.explain import ExplainOptions
from shadowgate.cli.source import SourceOptions


class Words(SourceOptions):
    def parseArgs(self, *words):
        self["words"] = words


def parsed(*arguments):
    options = Words()
    options.parseOptions(list(arguments))
    return options


def test_options_may_stand_before_between_and_behind_the_words():
    for arguments in (["-c", "x", "a", "b"], ["a", "-c", "x", "b"], ["a", "b", "-cx"], ["a", "b", "--config=x"]):
        options = parsed(*arguments)
        assert (options["words"], options["config"]) == (("a", "b"), ["x"])


def test_what_comes_after_two_hyphens_is_no_option():
    assert parsed("-c", "x", "--", "-a")["words"] == ("-a",)


def test_an_empty_value_is_a_value():
    options = ExplainOptions()
    options.parseOptions(["http://a/", "-c", "x", "-d", ""])
    assert options.question.data == ""
    assert options.question.method == "POST"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "say where the configuration is"),
        (["-c", "x", "--admin", "http://a"], "say where the configuration is"),
        (["--admin", "tcp:80"], "is no admin API"),
        (["-c"], "requires argument"),
        (["--nothing"], "not recognized"),
        (["-c", "x", "-o", "xml"], "not one of table, json"),
    ],
)
def test_a_wrong_command_line_is_refused(arguments, complaint):
    with pytest.raises(usage.UsageError, match=complaint):
        parsed(*arguments)


@pytest.mark.parametrize("admin", ["http://127.0.0.1:9900", "unix:/run/admin.sock"])
def test_an_admin_api_is_a_url_or_a_socket(admin):
    assert parsed("--admin", admin)["admin"] == admin


def asked(*arguments):
    options = ExplainOptions()
    options.parseOptions([*arguments])
    return options.question, options["config"]


def test_a_request_is_a_method_and_a_url_with_curls_options():
    question, paths = asked("PUT", "http://a/", "-H", "x: 1", "--header", "y: 2", "--peer", "10.0.0.1", "-c", "x", "y")
    assert (question.method, question.url, question.headers) == ("PUT", "http://a/", ("x: 1", "y: 2"))
    assert (question.peer, question.data, paths) == ("10.0.0.1", None, ["x", "y"])


def test_without_a_method_it_is_get_or_with_data_post():
    assert asked("http://a/", "-c", "x")[0].method == "GET"
    assert asked("http://a/", "-c", "x", "--data", "1")[0].method == "POST"


@pytest.mark.parametrize("words", [(), ("GET",), ("GET", "a/b"), ("http://",)])
def test_a_request_without_a_whole_url_is_refused(words):
    with pytest.raises(usage.UsageError):
        asked(*words, "-c", "x")
