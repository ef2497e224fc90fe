"""Which files a configuration is made of, and what keeps one from being read."""

import os

import pytest

from shadowgate.plugin import Report, files
from shadowgate.plugin.files import documents_in, find_files, read_file


@pytest.fixture
def report():
    return Report()


def write(path, text="a: 1\n"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return str(path)


def found(report, *paths):
    return find_files([str(path) for path in paths], report)


def test_directories_are_read_recursively_and_in_order(tmp_path, report):
    names = [write(tmp_path / name) for name in ("b.yaml", "z.yml", "a/2.yaml", "c/1.yaml")]
    write(tmp_path / "readme.md")
    assert found(report, tmp_path) == names
    assert report.problems == []


def test_a_file_is_read_whatever_its_name(tmp_path, report):
    name = write(tmp_path / ".conf")
    assert found(report, name) == [name]


def test_hidden_files_in_directories_are_passed_over(tmp_path, report):
    name = write(tmp_path / "a.yaml")
    write(tmp_path / ".#a.yaml")
    write(tmp_path / ".git" / "b.yaml")
    assert found(report, tmp_path) == [name]


def test_a_mounted_config_map_is_read_once(tmp_path, report):
    write(tmp_path / "..2024_01_01" / "a.yaml")
    os.symlink("..2024_01_01", tmp_path / "..data")
    os.symlink("..data/a.yaml", tmp_path / "a.yaml")
    assert found(report, tmp_path) == [str(tmp_path / "a.yaml")]


def test_no_file_is_read_twice(tmp_path, report):
    name = write(tmp_path / "a.yaml")
    os.symlink(name, tmp_path / "b.yaml")
    assert found(report, name, tmp_path, name) == [name]


def test_links_in_circles_end(tmp_path, report):
    name = write(tmp_path / "a" / "a.yaml")
    os.symlink(tmp_path, tmp_path / "a" / "again")
    assert found(report, tmp_path) == [name]


def test_what_is_not_there_is_an_error_and_an_empty_directory_a_warning(tmp_path, report):
    assert found(report, tmp_path / "none.yaml", tmp_path) == []
    assert [str(problem) for problem in report.problems] == [
        f"{tmp_path}/none.yaml:1:1: error [SG0001]: no such file or directory",
        f"{tmp_path}:1:1: warning [SG0005]: no *.yaml or *.yml file in this directory",
    ]


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "---\n---\n", "~\n"])
def test_that_a_file_holds_nothing_is_worth_a_word(report, text):
    assert documents_in(text, "a.yaml", report) == []
    assert [str(problem) for problem in report.problems] == [
        "a.yaml:1:1: warning [SG0024]: there is nothing in this file"
    ]


def test_where_something_is_wrong_nothing_is_said_of_there_being_nothing(report):
    assert documents_in("- a\n", "a.yaml", report) == []
    assert [problem.code for problem in report.problems] == ["SG0012"]


def test_there_is_a_bound_on_files(tmp_path, report, monkeypatch):
    monkeypatch.setattr(files, "MAX_FILES", 2)
    for name in "abc":
        write(tmp_path / f"{name}.yaml")
    assert found(report, tmp_path) == []
    assert report.problems[0].message == "more than 2 configuration files"


def test_text_is_utf_8(tmp_path, report):
    assert read_file(write(tmp_path / "a.yaml", "ä: 1\n"), report) == "ä: 1\n"
    (tmp_path / "b.yaml").write_bytes(b"a: 1\nb: \xe4\n")
    assert read_file(str(tmp_path / "b.yaml"), report) is None
    assert [str(problem) for problem in report.problems] == [
        f"{tmp_path}/b.yaml:2:4: error [SG0004]: not text in UTF-8; found the byte 0xe4"
    ]


def test_a_file_that_is_too_large_is_not_read(tmp_path, report, monkeypatch):
    monkeypatch.setattr(files, "MAX_BYTES", 1 << 20)
    name = write(tmp_path / "a.yaml", "#" * ((1 << 20) + 1))
    assert read_file(name, report) is None
    assert str(report.problems[0]).endswith("error [SG0003]: larger than 1 MiB")


def test_a_hundred_megabytes_are_refused_without_being_read(tmp_path, report):
    path = tmp_path / "a.yaml"
    with path.open("wb") as file:
        file.truncate(100 << 20)
    assert read_file(str(path), report) is None
    assert [str(problem) for problem in report.problems] == [f"{path}:1:1: error [SG0003]: larger than 16 MiB"]


def test_pipes_are_not_opened(tmp_path, report):
    os.mkfifo(tmp_path / "a.yaml")
    assert read_file(str(tmp_path / "a.yaml"), report) is None
    assert str(report.problems[0]).endswith("error [SG0002]: not a regular file")


def test_a_file_that_went_away_is_a_problem(tmp_path, report):
    assert read_file(str(tmp_path / "a.yaml"), report) is None
    assert str(report.problems[0]).endswith("error [SG0002]: cannot be read: No such file or directory")
