"""A file that lines go to, written by a thread of its own; nobody waits for it."""

import fcntl
import os
import resource
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from io import FileIO
from time import monotonic

import pytest

from shadowgate.net import sink as sink_module
from shadowgate.net.sink import LineSink


@pytest.fixture
def told():
    return []


@pytest.fixture
def log(tmp_path):
    return tmp_path / "access.log"


@pytest.fixture
def sink(log, told):
    made = LineSink(str(log), tell=told.append)
    yield made
    made.stop()


def written(sink, batch):
    """Have a batch written, and wait until it is, or could not be."""
    sink.write(batch)
    sink.drain(10)


@contextmanager
def room_for(size):
    """Let no file be longer than this: as a full disk does, the system takes what there is room for, then nothing."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_batches_are_written_in_order(sink, log):
    sink.start()
    for number in range(100):
        sink.write(b"%d\n" % number)
    sink.stop()
    assert log.read_text().split() == [str(number) for number in range(100)]


def test_lines_are_added_to_what_the_file_holds(log):
    log.write_text("before\n")
    sink = LineSink(str(log))
    sink.start()
    sink.write(b"after\n")
    sink.stop()
    assert log.read_text() == "before\nafter\n"


def test_what_was_written_before_the_start_is_not_lost(sink, log):
    sink.write(b"early\n")
    sink.start()
    sink.stop()
    assert log.read_text() == "early\n"


def test_a_path_that_cannot_be_opened_is_known_at_once(tmp_path):
    with pytest.raises(OSError, match="No such file"):
        LineSink(str(tmp_path / "no" / "access.log"))


def test_stopping_what_never_started_does_nothing(sink):
    sink.stop()


# Files that stall


class StuckFile(FileIO):
    """A disk that stalls until it is ``freed``."""

    def __init__(self):
        super().__init__(os.devnull, "w")
        self.freed = threading.Event()
        self.begun = threading.Event()
        self.written = b""

    def write(self, batch):
        self.begun.set()
        assert self.freed.wait(10)
        self.written += batch
        return len(batch)


@pytest.fixture
def stuck(sink):
    """The stuck file that the sink writes to, freed at the end."""
    sink._file.close()
    made = sink._file = StuckFile()
    yield made
    made.freed.set()


def test_a_stuck_file_holds_nobody_and_what_finds_no_room_is_counted(sink, stuck, monkeypatch):
    monkeypatch.setattr(sink_module, "QUEUE_BYTES", 10)
    sink.start()
    sink.write(b"1234567890\n")
    assert stuck.begun.wait(10)
    sink.write(b"a\nb\n")
    assert sink.lost == 2
    sink.write(b"c\n")
    assert sink.lost == 3
    stuck.freed.set()
    sink.stop(10)
    assert stuck.written == b"1234567890\n"


def test_room_comes_back_when_the_file_moves_on(sink, stuck, monkeypatch):
    monkeypatch.setattr(sink_module, "QUEUE_BYTES", 10)
    stuck.freed.set()
    sink.start()
    for _ in range(20):
        written(sink, b"1234567890\n")
    assert stuck.written == b"1234567890\n" * 20
    assert sink.lost == 0


def test_the_end_waits_for_a_stuck_file_only_so_long_and_what_is_left_counts_as_lost(sink, stuck):
    sink.start()
    sink.write(b"under way\n")
    assert stuck.begun.wait(10)
    sink.write(b"a\nb\n")
    sink.write(b"c\n")
    sink.reopen()
    sink.stop(0.01)
    assert sink.lost == 3


def test_draining_waits_only_so_long(sink, stuck):
    sink.start()
    sink.write(b"under way\n")
    before = monotonic()
    sink.drain(0.05)
    assert 0.05 <= monotonic() - before < 5


# Rotation


def test_a_rotated_file_is_reopened_in_its_place_among_the_batches(sink, log):
    sink.start()
    written(sink, b"old\n")
    log.rename(log.with_suffix(".1"))
    sink.write(b"still old\n")
    sink.reopen()
    sink.write(b"new\n")
    sink.stop()
    assert log.with_suffix(".1").read_text() == "old\nstill old\n"
    assert log.read_text() == "new\n"


def test_a_file_that_cannot_be_reopened_leaves_the_old_one_in_use(sink, log, told):
    sink.start()
    sink.path = str(log.parent / "no" / "access.log")
    log.rename(log.with_suffix(".1"))
    sink.reopen()
    written(sink, b"still\n")
    sink.stop()
    assert log.with_suffix(".1").read_text() == "still\n"
    (trouble,) = told
    assert trouble.startswith(f"cannot open {sink.path} again") and "No such file" in trouble


def test_what_it_is_reopened_as_decides_how_it_is_written(sink, log):
    sink.start()
    log.unlink()
    os.mkfifo(log)
    with FileIO(os.open(log, os.O_RDONLY | os.O_NONBLOCK), "r") as reader:
        sink.reopen()
        written(sink, b"line\n")
        assert sink._regular is False
        assert reader.read(100) == b"line\n"
    sink.stop()


# Writing that fails


def test_a_write_that_fails_does_not_stop_the_next(sink, told):
    class Broken(StuckFile):
        def write(self, batch):
            if batch == b"bad\n":
                raise OSError("disk full")
            self.written += batch
            return len(batch)

    sink._file.close()
    broken = sink._file = Broken()
    sink.start()
    sink.write(b"bad\n")
    sink.write(b"good\n")
    sink.stop()
    assert broken.written == b"good\n"
    assert sink.lost == 1
    assert told == [f"cannot write {sink.path}: disk full"]


def test_a_disk_that_stays_full_is_told_of_once_and_again_when_it_is_full_again(sink, told):
    sink.start()
    for number in (1, 2):
        with room_for(0):
            for _ in range(5):
                written(sink, b"line\n")
        written(sink, b"line\n")
        assert sink.lost == 5 * number
    sink.stop()
    assert [trouble.partition(": ")[0] for trouble in told] == [f"cannot write {sink.path}"] * 2


def test_what_is_lost_counts_before_anything_else_is_written(sink):
    sink.start()
    with room_for(0):
        written(sink, b"a\nb\n")
    assert sink.lost == 2


def test_of_a_line_that_finds_no_room_nothing_is_left(sink, log):
    sink.start()
    with room_for(25):
        written(sink, b"0123456789\n" * 4)
        assert log.read_text() == "0123456789\n" * 2
        written(sink, b"0123456789\n")
    assert log.read_text() == "0123456789\n" * 2
    written(sink, b"after\n")
    assert log.read_text() == "0123456789\n" * 2 + "after\n"
    assert sink.lost == 3


def test_nothing_is_left_of_it_on_a_standard_output_that_is_a_file_either(tmp_path):
    """A shell's ``>`` does not append: each write goes on where the last one ended."""
    with FileIO(tmp_path / "out", "w") as out:
        sink = LineSink("-", out)
        sink.start()
        with room_for(25):
            written(sink, b"0123456789\n" * 4)
        written(sink, b"after\n")
        sink.stop()
    assert (tmp_path / "out").read_bytes() == b"0123456789\n" * 2 + b"after\n"


def test_where_it_cannot_be_taken_back_the_next_line_begins_on_a_line_of_its_own(sink, log, monkeypatch):
    def refuse(file, size):
        raise PermissionError  # chattr +a

    monkeypatch.setattr(os, "ftruncate", refuse)
    sink.start()
    with room_for(5):
        for _ in range(3):
            written(sink, b"0123456789\n")
    written(sink, b"after\n")
    assert log.read_text() == "01234\nafter\n"
    assert sink.lost == 3


def test_only_what_is_at_the_files_end_is_taken_back(sink, log):
    class Followed(FileIO):
        def write(self, batch):
            if batch == b"bad\n":
                super().write(b"b")
                with log.open("a") as other:
                    other.write("of others")
                return 1
            if batch == b"ad\n":
                raise OSError("disk full")
            return super().write(batch)

    sink._file.close()
    sink._file = Followed(log, "a")
    sink.start()
    written(sink, b"bad\n")
    written(sink, b"after\n")
    assert log.read_text() == "bof others\nafter\n"


def test_a_new_file_begins_with_a_whole_line(sink, log, monkeypatch):
    def refuse(file, size):
        raise PermissionError

    monkeypatch.setattr(os, "ftruncate", refuse)
    sink.start()
    with room_for(5):
        written(sink, b"0123456789\n")
    log.rename(log.with_suffix(".1"))
    sink.reopen()
    written(sink, b"after\n")
    assert log.read_text() == "after\n"


def test_another_process_that_writes_is_waited_for(sink, log):
    sink.start()
    script = "import fcntl, sys; f = open(sys.argv[1], 'a'); fcntl.lockf(f, fcntl.LOCK_EX); print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", script, log], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        other.stdout.readline()
        sink.write(b"line\n")
        sink.drain(0.1)
        assert log.read_text() == ""
        other.communicate("\n")
        sink.drain(10)
    assert log.read_text() == "line\n"


def test_where_files_cannot_be_locked_they_are_written_all_the_same(sink, log, monkeypatch):
    def refuse(file, how):
        raise OSError("no locks available")

    monkeypatch.setattr(fcntl, "lockf", refuse)
    sink.start()
    written(sink, b"line\n")
    assert log.read_text() == "line\n"


def test_how_many_were_lost_stands_before_the_next_that_is_written(log, told):
    sink = LineSink(str(log), tell=told.append, note=lambda lines: b"%d lost\n" % lines)
    sink.start()
    for number in (3, 2):
        with room_for(log.stat().st_size):
            for _ in range(number):
                written(sink, b"line\n")
        written(sink, b"after\n")
        written(sink, b"and on\n")
    sink.stop()
    assert log.read_text() == "3 lost\nafter\nand on\n2 lost\nafter\nand on\n"


def test_a_note_that_cannot_be_written_as_a_whole_is_written_later(log, told):
    sink = LineSink(str(log), tell=told.append, note=lambda lines: b"%d lost\n" % lines)
    sink.start()
    with room_for(0):
        written(sink, b"line\n")
    with room_for(4):
        written(sink, b"line\n")
    written(sink, b"after\n")
    sink.stop()
    assert log.read_text() == "2 lost\nafter\n"


# Standard output


def test_a_dash_is_standard_output(capfd):
    sink = LineSink("-")
    sink.start()
    sink.write(b"line\n")
    sink.reopen()
    sink.write(b"line\n")
    sink.stop()
    os.write(1, b"still open\n")
    assert capfd.readouterr().out == "line\nline\nstill open\n"


def test_a_pipe_that_somebody_made_non_blocking_is_waited_for():
    reader, writer = socket.socketpair()
    batch = b"".join(b"%d\n" % number for number in range(200_000))
    with reader, FileIO(writer.detach(), "w") as file:
        os.set_blocking(file.fileno(), False)
        sink = LineSink("-", file)
        sink.start()
        sink.write(batch)
        received = b""
        while len(received) < len(batch):
            received += reader.recv(65536)
        sink.stop()
    assert received == batch
    assert sink.lost == 0


class Pieces(FileIO):
    """Standard output that keeps what each write was given."""

    def __init__(self, path=os.devnull):
        super().__init__(path, "w")
        self.written = []

    def write(self, data):
        self.written.append(bytes(data))
        return len(data)


@pytest.mark.parametrize("line", [1, 100, 3000, 4096])
def test_standard_output_is_given_whole_lines_that_a_pipe_takes_as_one(line):
    batch = b"".join(b"%d %b\n" % (number, b"x" * (line - 4)) for number in range(10, 60))
    out = Pieces()
    sink = LineSink("-", out)
    sink.start()
    sink.write(batch)
    sink.stop()
    assert b"".join(out.written) == batch
    assert all(len(piece) <= sink_module.PIPE_BYTES and piece.endswith(b"\n") for piece in out.written)


def test_a_line_longer_than_that_goes_out_alone():
    lines = [b"short\n", b"x" * 5000 + b"\n", b"short too\n"]
    out = Pieces()
    sink = LineSink("-", out)
    sink.start()
    sink.write(b"".join(lines))
    sink.stop()
    assert out.written == lines


def test_a_regular_file_is_given_a_batch_at_once(log):
    file = Pieces(log)
    sink = LineSink(file.name, file)
    sink.start()
    sink.write(b"line\n" * 5000)
    sink.stop()
    assert file.written == [b"line\n" * 5000]
