"""Files watched with a clock: what is published, and when."""

import os

import pytest
from twisted.internet.task import Clock

from shadowgate.bundled.sources.files import FilesSource
from shadowgate.plugin import Report, read
from shadowgate.testing import environment


class Watched:
    """A source over ``folder`` and what it has published, each time as document names and problem messages."""

    def __init__(self, *paths, interval=1.0):
        self.clock = Clock()
        self.published = []
        source = FilesSource(tuple(map(str, paths)), interval)
        self.handle = source.compile(self.publish, environment(self.clock))
        self.raising = None

    def publish(self, documents, problems):
        names = [document.root.text("name") for document in documents]
        self.published.append((names, [problem.message for problem in problems]))
        if self.raising:
            raise self.raising

    def after(self, seconds=1.0):
        """What was published since it was last asked, after so much time."""
        self.clock.advance(seconds)
        published, self.published = self.published, []
        return published


def write(path, text):
    path.write_text(text)
    return path


@pytest.fixture
def watched(tmp_path):
    write(tmp_path / "a.yaml", "name: a")
    made = Watched(tmp_path)
    made.handle.start()
    yield made
    made.handle.stop()


def test_everything_is_published_at_the_start(watched):
    assert watched.published == [(["a"], [])]


def test_nothing_is_published_while_nothing_changes(watched):
    watched.after()
    assert watched.after(1) == watched.after(10) == []


def test_a_changed_file_is_published_with_all_the_others(watched, tmp_path):
    write(tmp_path / "b.yaml", "name: b")
    assert watched.after()[-1] == (["a", "b"], [])
    write(tmp_path / "a.yaml", "name: changed")
    assert watched.after() == [(["changed", "b"], [])]


def test_a_deleted_file_is_gone(watched, tmp_path):
    write(tmp_path / "b.yaml", "name: b")
    watched.after()
    os.unlink(tmp_path / "a.yaml")
    assert watched.after() == [(["b"], [])]


def test_a_file_that_is_only_touched_is_not_published(watched, tmp_path):
    watched.after()
    os.utime(tmp_path / "a.yaml", (1, 1))
    assert watched.after() == []


def test_a_file_whose_signature_stays_is_not_read_again(watched, tmp_path, monkeypatch):
    watched.after()
    monkeypatch.setattr("shadowgate.bundled.sources.files.read_file", lambda *given: pytest.fail("read again"))
    assert watched.after() == []


def test_a_broken_file_is_published_as_a_problem_beside_the_others(watched, tmp_path):
    watched.after()
    write(tmp_path / "b.yaml", "name: [")
    ((names, problems),) = watched.after()
    assert names == ["a"]
    assert len(problems) == 1
    write(tmp_path / "b.yaml", "name: b")
    assert watched.after() == [(["a", "b"], [])]


def test_an_unreadable_file_keeps_the_others(watched, tmp_path):
    watched.after()
    (tmp_path / "b.yaml").write_bytes(b"\xff")
    assert watched.after() == [(["a"], ["not text in UTF-8"])]
    assert watched.after() == []


def test_a_path_that_is_not_there_yet_is_a_problem_until_it_is(tmp_path):
    watched = Watched(tmp_path / "late.yaml")
    watched.handle.start()
    assert watched.published == [([], ["no such file or directory"])]
    write(tmp_path / "late.yaml", "name: late")
    assert watched.after()[-1] == (["late"], [])


def test_a_config_map_that_is_switched_is_seen(tmp_path):
    for version in ("1", "2"):
        (tmp_path / f"..v{version}").mkdir()
        write(tmp_path / f"..v{version}" / "a.yaml", f"name: v{version}")
    os.symlink("..v1", tmp_path / "..data")
    os.symlink("..data/a.yaml", tmp_path / "a.yaml")
    watched = Watched(tmp_path)
    watched.handle.start()
    assert watched.published == [(["v1"], [])]
    os.symlink("..v2", tmp_path / "..new")
    os.rename(tmp_path / "..new", tmp_path / "..data")
    assert watched.after()[-1] == (["v2"], [])


def test_reload_looks_at_once_and_publishes_what_has_not_changed_too(watched, tmp_path):
    watched.after()
    watched.handle.reload()
    write(tmp_path / "a.yaml", "name: b")
    watched.handle.reload()
    assert watched.published == [(["a"], []), (["b"], [])]


def test_the_interval_is_kept(tmp_path):
    write(tmp_path / "a.yaml", "name: a")
    watched = Watched(tmp_path, interval=5.0)
    watched.handle.start()
    watched.after(0)
    write(tmp_path / "a.yaml", "name: b")
    assert watched.after(4.9) == []
    assert watched.after(0.2) == [(["b"], [])]


def test_nothing_is_looked_at_after_the_stop(watched, tmp_path):
    watched.after()
    watched.handle.stop()
    write(tmp_path / "a.yaml", "name: b")
    assert watched.after(10) == []


def test_a_publisher_that_raises_does_not_end_the_watch(watched, tmp_path):
    watched.after()
    watched.raising = RuntimeError("no")
    write(tmp_path / "a.yaml", "name: b")
    watched.after()
    watched.raising = None
    write(tmp_path / "a.yaml", "name: cc")
    assert watched.after() == [(["cc"], [])]


def test_its_options():
    report = Report()
    assert read(FilesSource, {"paths": "/etc/shadowgate", "interval": "2s"}, report) == FilesSource(
        ("/etc/shadowgate",), 2.0
    )
    assert read(FilesSource, {"paths": [], "interval": "0s"}, report) is None
    assert [problem.path for problem in report.problems] == ["paths", "interval"]
