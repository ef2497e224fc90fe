"""A file that lines go to, written by a thread of its own; nobody waits for it."""

import os
import resource
import socket
import threading
from contextlib import contextmanager, suppress
from io import FileIO

import pytest

from shadowgate.net import sink as sink_module
from shadowgate.net.sink import LineSink


@pytest.fixture
def lost():
    return []


@pytest.fixture
def sink(tmp_path, lost):
    made = LineSink(str(tmp_path / "access.log"), lost.append)
    yield made
    made.stop()


def wait_for(sink):
    """Wait until what the sink was given is written, or could not be."""
    while sink._queued != sink._written:
        pass


@contextmanager
def room_for(size):
    """Let no file be longer than this: as a full disk does, the system takes what there is room for, then nothing."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_batches_are_written_in_order(sink, tmp_path):
    sink.start()
    for number in range(100):
        sink.write(b"%d\n" % number)
    sink.stop()
    assert (tmp_path / "access.log").read_text().split() == [str(number) for number in range(100)]


def test_lines_are_added_to_what_the_file_holds(tmp_path, lost):
    path = tmp_path / "access.log"
    path.write_text("before\n")
    sink = LineSink(str(path), lost.append)
    sink.start()
    sink.write(b"after\n")
    sink.stop()
    assert path.read_text() == "before\nafter\n"


def test_what_was_written_before_the_start_is_not_lost(sink, tmp_path):
    sink.write(b"early\n")
    sink.start()
    sink.stop()
    assert (tmp_path / "access.log").read_text() == "early\n"


def test_a_path_that_cannot_be_opened_is_known_at_once(tmp_path, lost):
    with pytest.raises(OSError, match="No such file"):
        LineSink(str(tmp_path / "no" / "access.log"), lost.append)


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


def test_a_stuck_file_holds_nobody_and_what_finds_no_room_is_counted(sink, lost, monkeypatch):
    monkeypatch.setattr(sink_module, "QUEUE_BYTES", 10)
    sink._file.close()
    stuck = sink._file = StuckFile()
    sink.start()
    sink.write(b"1234567890\n")
    assert stuck.begun.wait(10)
    sink.write(b"a\nb\n")
    sink.write(b"c\n")
    assert lost == [2, 1]
    stuck.freed.set()
    sink.stop(10)
    assert stuck.written == b"1234567890\n"


def test_room_comes_back_when_the_file_moves_on(sink, lost, monkeypatch):
    monkeypatch.setattr(sink_module, "QUEUE_BYTES", 10)
    sink._file.close()
    stuck = sink._file = StuckFile()
    stuck.freed.set()
    sink.start()
    for _ in range(20):
        stuck.begun.clear()
        sink.write(b"1234567890\n")
        assert stuck.begun.wait(10)
        wait_for(sink)
    assert lost == []


def test_a_rotated_file_is_reopened_in_its_place_among_the_batches(sink, tmp_path):
    path = tmp_path / "access.log"
    sink.start()
    sink.write(b"old\n")
    path.rename(tmp_path / "access.log.1")
    sink.write(b"still old\n")
    sink.reopen()
    sink.write(b"new\n")
    sink.stop()
    assert (tmp_path / "access.log.1").read_text() == "old\nstill old\n"
    assert path.read_text() == "new\n"


def test_a_file_that_cannot_be_reopened_leaves_the_old_one_in_use(sink, tmp_path, capfd):
    moved = tmp_path / "moved"
    sink.start()
    sink.path = str(tmp_path / "no" / "access.log")
    (tmp_path / "access.log").rename(moved)
    sink.reopen()
    sink.write(b"still\n")
    sink.stop()
    assert moved.read_text() == "still\n"
    assert "cannot write" in capfd.readouterr().err


def test_a_write_that_fails_does_not_stop_the_next(sink, capfd):
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
    assert "disk full" in capfd.readouterr().err


def test_an_error_that_cannot_be_told_either_stops_nothing(sink, tmp_path, lost, monkeypatch):
    sink.start()
    with open("/dev/full", "w") as nowhere, room_for(0):
        monkeypatch.setattr("sys.stderr", nowhere)
        sink.write(b"bad\n")
        wait_for(sink)
        monkeypatch.undo()
        with suppress(OSError):
            nowhere.close()
    sink.write(b"good\n")
    sink.stop()
    assert (tmp_path / "access.log").read_text() == "good\n"
    assert lost == [1]


def test_a_dash_is_standard_output(lost, capfd):
    sink = LineSink("-", lost.append)
    sink.start()
    sink.write(b"line\n")
    sink.reopen()
    sink.write(b"line\n")
    sink.stop()
    assert capfd.readouterr().out == "line\nline\n"


def test_stopping_what_never_started_does_nothing(sink):
    sink.stop()


def test_a_line_that_a_full_disk_has_cut_is_not_continued_by_the_next(tmp_path, lost):
    path = tmp_path / "access.log"
    sink = LineSink(str(path), lost.append)
    with room_for(25):
        sink.start()
        sink.write(b"0123456789\n" * 4)
        wait_for(sink)
    sink.write(b"after\n")
    sink.stop()
    assert path.read_text() == "0123456789\n0123456789\n012\nafter\n"
    assert lost == [2]


def test_a_line_is_cut_once_however_long_the_disk_stays_full(tmp_path, lost):
    path = tmp_path / "access.log"
    sink = LineSink(str(path), lost.append)
    sink.start()
    with room_for(5):
        for _ in range(3):
            sink.write(b"0123456789\n")
            wait_for(sink)
    sink.write(b"after\n")
    sink.stop()
    assert path.read_text() == "01234\nafter\n"
    assert sum(lost) == 3


def test_a_new_file_begins_with_a_whole_line(tmp_path, lost):
    path = tmp_path / "access.log"
    sink = LineSink(str(path), lost.append)
    sink.start()
    with room_for(5):
        sink.write(b"0123456789\n")
        wait_for(sink)
    path.rename(tmp_path / "access.log.1")
    sink.reopen()
    sink.write(b"after\n")
    sink.stop()
    assert path.read_text() == "after\n"


def test_a_pipe_that_somebody_made_non_blocking_is_waited_for(lost):
    reader, writer = socket.socketpair()
    batch = b"".join(b"%d\n" % number for number in range(200_000))
    with reader, FileIO(writer.detach(), "w") as file:
        os.set_blocking(file.fileno(), False)
        sink = LineSink("-", lost.append, file)
        sink.start()
        sink.write(batch)
        received = b""
        while len(received) < len(batch):
            received += reader.recv(65536)
        sink.stop()
    assert received == batch
    assert lost == []


class Pieces(FileIO):
    """Standard output that keeps what each write was given."""

    def __init__(self, path=os.devnull):
        super().__init__(path, "w")
        self.written = []

    def write(self, data):
        self.written.append(bytes(data))
        return len(data)


@pytest.mark.parametrize("line", [1, 100, 3000, 4096])
def test_standard_output_is_given_whole_lines_that_a_pipe_takes_as_one(lost, line):
    batch = b"".join(b"%d %b\n" % (number, b"x" * (line - 4)) for number in range(10, 60))
    out = Pieces()
    sink = LineSink("-", lost.append, out)
    sink.start()
    sink.write(batch)
    sink.stop()
    assert b"".join(out.written) == batch
    assert all(len(piece) <= sink_module.PIPE_BYTES and piece.endswith(b"\n") for piece in out.written)


def test_a_regular_file_is_given_a_batch_at_once(lost, tmp_path):
    file = Pieces(tmp_path / "access.log")
    sink = LineSink(file.name, lost.append, file)
    sink.start()
    sink.write(b"line\n" * 5000)
    sink.stop()
    assert file.written == [b"line\n" * 5000]


def test_a_line_longer_than_that_goes_out_alone(lost):
    lines = [b"short\n", b"x" * 5000 + b"\n", b"short too\n"]
    out = Pieces()
    sink = LineSink("-", lost.append, out)
    sink.start()
    sink.write(b"".join(lines))
    sink.stop()
    assert out.written == lines
