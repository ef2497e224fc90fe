"""The ``shadowgate`` command line: exit status 0, 1 and 2, and what goes to which stream."""

import sys

import pytest

from shadowgate import __version__
from shadowgate.cli import COMMANDS, main

GOOD = "clusters: {v1: 127.0.0.1:8001}\nroutes: {name: all, to: v1}\n"
WARNED = GOOD.replace("to: v1", "to: v1, mirror: nobody")
WRONG = GOOD.replace("routes", "rutes")


@pytest.fixture
def shadowgate(capsys):
    """Run a command line: exit status, standard output, standard error."""

    def run(*arguments):
        with pytest.raises(SystemExit) as left:
            main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return left.value.code or 0, said.out, said.err

    return run


@pytest.fixture
def file(tmp_path):
    """Write a configuration and return its path."""

    def write(text):
        path = tmp_path / "gw.yaml"
        path.write_text(text)
        return path

    return write


# What is said wrongly


@pytest.mark.parametrize(
    "arguments",
    [[], ["nosuch"], ["check"], ["--nosuch"], ["check", "--nosuch", "x"], ["run", "--admin", "none"]],
)
def test_a_wrong_command_line_is_status_2_with_the_usage_and_one_sentence(shadowgate, arguments):
    status, out, err = shadowgate(*arguments)
    assert (status, out) == (2, "")
    assert err.startswith("Usage: shadowgate")
    assert err.splitlines()[-1].startswith("shadowgate: ")
    assert "Traceback" not in err


def test_without_a_command_all_are_named(shadowgate):
    _, _, err = shadowgate()
    assert all(command.name in err for command in COMMANDS)


@pytest.mark.parametrize("arguments", [["--help"], *[[command.name, "--help"] for command in COMMANDS]])
def test_every_command_has_help(shadowgate, arguments):
    status, out, err = shadowgate(*arguments)
    assert (status, err) == (0, "")
    assert "Usage: shadowgate" in out


@pytest.mark.parametrize("arguments", [["version"], ["--version"], ["run", "--version"]])
def test_the_version(shadowgate, arguments):
    assert shadowgate(*arguments) == (0, f"shadowgate {__version__}\n", "")


# check


def test_a_good_configuration_is_status_0(shadowgate, file):
    assert shadowgate("check", file(GOOD)) == (0, "0 errors, 0 warnings\n", "")


def test_a_warning_is_shown_and_is_status_0(shadowgate, file):
    status, out, _ = shadowgate("check", file(WARNED))
    assert status == 0
    assert "nobody" in out
    assert out.endswith("0 errors, 1 warning\n")


def test_an_error_is_status_1_and_one_line_with_its_place(shadowgate, file):
    path = file(WRONG)
    status, out, err = shadowgate("check", path)
    assert (status, err) == (1, "")
    assert out.startswith(f"{path}:2:1: error")
    assert 'did you mean "routes"' in out
    assert out.endswith("1 error, 0 warnings\n")


def test_what_only_a_plugin_knows_is_found_as_well(shadowgate, file):
    status, out, _ = shadowgate("check", file(GOOD.replace("name: all", "match: {path: {regex: '('}}")))
    assert status == 1
    assert "gw.yaml:2:" in out


def test_a_path_that_is_not_there_is_an_error(shadowgate, tmp_path):
    status, out, _ = shadowgate("check", tmp_path / "nothing.yaml")
    assert status == 1
    assert "nothing.yaml" in out


def test_several_paths_are_one_configuration(shadowgate, tmp_path):
    clusters, routes = GOOD.splitlines()
    (tmp_path / "a.yaml").write_text(clusters)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "c.yml").write_text(routes)
    assert shadowgate("check", tmp_path / "a.yaml", tmp_path / "b")[0] == 0


# plugins


def test_plugins_are_listed_with_where_they_are_from(shadowgate):
    status, out, err = shadowgate("plugins")
    assert (status, err) == (0, "")
    assert out.startswith("POINT")
    assert "header-rewrite" in out


def test_a_plugin_is_described_with_its_options(shadowgate):
    status, out, _ = shadowgate("plugins", "respond")
    assert status == 0
    assert "Options:" in out
    assert "status" in out


def test_a_plugin_that_is_not_there_is_status_1_with_a_suggestion(shadowgate):
    status, out, err = shadowgate("plugins", "respnd")
    assert (status, out) == (1, "")
    assert err.startswith("shadowgate: ")
    assert 'did you mean "respond"' in err


# run


def test_run_with_a_wrong_configuration_is_status_1_without_a_traceback(file, monkeypatch, capfd):
    monkeypatch.setattr("shadowgate.cli.run.globalLogBeginner", Quiet())
    monkeypatch.setattr(sys, "stderr", sys.stderr)
    with pytest.raises(SystemExit) as left:
        main(["run", "--config", str(file(WRONG)), "--access-log", "none"])
    out, err = capfd.readouterr()
    assert (left.value.code, out) == (1, "")
    assert "error" in err
    assert "Traceback" not in err


class Quiet:
    """Leaves the process's logging alone."""

    def beginLoggingTo(self, observers, redirectStandardIO):
        pass
