"""Changes that are there as a whole or not at all, whenever the world ends."""

import os
from itertools import count
from pathlib import Path

import pytest

from shadowgate.objects.disk import Disk, FileSystem, StoreError

BEFORE = {"core/Service/default/a.yaml": "a", "core/Service/default/b.yaml": "b"}

CHANGES = {
    "one is written": {"core/Service/default/c.yaml": "new"},
    "one is changed": {"core/Service/default/a.yaml": "longer than before"},
    "one is removed": {"core/Service/default/a.yaml": None},
    "one in a new folder": {"apps/Deployment/other/d.yaml": "new"},
    "several": {
        "core/Service/default/a.yaml": None,
        "core/Service/default/b.yaml": "changed",
        "core/Service/default/c.yaml": "new",
        "apps/Deployment/default/d.yaml": "new",
    },
}


class Crash(BaseException):
    """The process is gone."""


class Failing(FileSystem):
    """Fails at one of its operations, in the middle of it if that has one; ``error`` is what is raised."""

    def __init__(self, at, error):
        self.at, self.error, self.done = at, error, 0

    def _step(self):
        self.done += 1
        if self.done == self.at:
            raise self.error

    def write(self, path, content):
        try:
            self._step()
        except BaseException:
            Path(path).write_bytes(content[: len(content) // 2])
            raise
        super().write(path, content)


def _failing(name):
    original = getattr(FileSystem, name)

    def operation(self, *given):
        self._step()
        original(self, *given)

    return operation


for each in ("rename", "remove", "make_folder", "remove_folder", "settle"):
    setattr(Failing, each, _failing(each))


@pytest.fixture
def new_root(tmp_path):
    """Make a directory that holds ``BEFORE``."""
    numbers = count()

    def make():
        root = str(tmp_path / str(next(numbers)))
        disk = Disk(root)
        disk.keep(BEFORE)
        disk.close()
        return root

    return make


def contents(root):
    """What is kept there, as the next start finds it."""
    disk = Disk(root)
    try:
        return {name: Path(root, name).read_text() for name in disk.names()}
    finally:
        disk.close()


def leftovers(root):
    return sorted(name for name in os.listdir(root) if name.startswith(".") and name != ".lock")


def after(changes):
    return {name: text for name, text in (BEFORE | changes).items() if text is not None}


def steps(new_root, change):
    """Yield the directory as it is when each of the change's operations in turn was the last."""
    for at in count(1):
        root = new_root()
        files = Failing(0, Crash())
        disk = Disk(root, files)
        files.at, files.done = at, 0
        ended = False
        try:
            disk.keep(change)
        except Crash:
            ended = True
        disk.close()
        if not ended:
            return
        yield root


@pytest.mark.parametrize("name", CHANGES)
def test_what_is_kept_is_there_at_the_next_start(new_root, name):
    root = new_root()
    disk = Disk(root)
    disk.keep(CHANGES[name])
    disk.close()
    assert contents(root) == after(CHANGES[name])
    assert leftovers(root) == []


@pytest.mark.parametrize("name", CHANGES)
def test_an_end_at_any_step_leaves_the_whole_change_or_nothing_of_it(new_root, name):
    ends = []
    for root in steps(new_root, CHANGES[name]):
        found = contents(root)
        assert found in (BEFORE, after(CHANGES[name]))
        assert leftovers(root) == []
        ends.append(found == BEFORE)
    assert len(ends) >= 2
    assert ends == sorted(ends, reverse=True), "once it is decided it stays so"


def test_an_end_in_the_middle_of_cleaning_up_is_cleaned_up_as_well(new_root):
    tried = 0
    for root in steps(new_root, CHANGES["several"]):
        for at in count(1):
            files = Failing(at, Crash())
            try:
                Disk(root, files).close()
            except Crash:
                tried += 1
            else:
                break
        assert contents(root) in (BEFORE, after(CHANGES["several"]))
        assert leftovers(root) == []
    assert tried > 10


@pytest.mark.parametrize("name", CHANGES)
def test_a_disk_that_fails_says_whether_anything_has_changed(new_root, name):
    known = []
    for at in count(1):
        root = new_root()
        files = Failing(0, OSError(28, "No space left on device"))
        disk = Disk(root, files)
        files.at, files.done = at, 0
        try:
            disk.keep(CHANGES[name])
        except StoreError as wrong:
            assert "No space left on device" in str(wrong)
        else:
            break
        files.at = 0
        if "will be known" in str(wrong_of(disk)):
            known.append(False)
        else:
            known.append(True)
            found = {name: Path(root, name).read_text() for name in disk.names()}
            assert found == BEFORE | {"core/Service/default/next.yaml": "next"}
        disk.close()
        found = contents(root)
        found.pop("core/Service/default/next.yaml", None)
        assert found in (BEFORE, after(CHANGES[name]))
    assert known == sorted(known, reverse=True)


def wrong_of(disk):
    """Why the next change is not kept, or None when it is."""
    try:
        disk.keep({"core/Service/default/next.yaml": "next"})
    except StoreError as wrong:
        return wrong
    return None


def test_a_store_belongs_to_one_gateway(tmp_path):
    first = Disk(str(tmp_path / "store"))
    with pytest.raises(StoreError, match="belongs to another gateway"):
        Disk(str(tmp_path / "store"))
    first.close()
    Disk(str(tmp_path / "store")).close()


def test_a_place_where_no_directory_can_be_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be used"):
        Disk(str(tmp_path / "file"))


def test_what_others_cannot_need_to_read_they_cannot_read(new_root):
    root = new_root()
    assert os.stat(root).st_mode & 0o077 == 0
    assert os.stat(Path(root, "core/Service/default/a.yaml")).st_mode & 0o077 == 0


def test_nothing_to_keep_is_nothing_to_do(new_root):
    root = new_root()
    files = Failing(0, Crash())
    disk = Disk(root, files)
    files.at, files.done = 1, 0
    disk.keep({})
    disk.close()


def test_a_folder_that_cannot_be_looked_at_is_told(new_root, monkeypatch):
    disk = Disk(new_root())

    def refuse(path):
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(StoreError, match="cannot be read: Permission denied"):
        list(disk.names())
    disk.close()
