"""What the process says of itself; nobody waits for whoever reads it."""

import os
from io import FileIO
from time import monotonic

import pytest

from shadowgate.net import background_file, sink
from shadowgate.net.background_file import BackgroundFile, as_text


@pytest.fixture
def pipe():
    ends = os.pipe()
    with FileIO(ends[0], "r") as reader, FileIO(ends[1], "w") as writer:
        yield reader, writer


def test_text_is_written_in_utf_8_whatever_is_in_it(tmp_path):
    with FileIO(tmp_path / "log", "w") as file:
        text = as_text(BackgroundFile(file))
        text.write("it says \u00e9\ud800\n")
        text.close()
    assert (tmp_path / "log").read_bytes() == b"it says \xc3\xa9\\ud800\n"


def test_a_pipe_that_nobody_reads_holds_nobody_and_what_was_lost_is_told(monkeypatch, pipe):
    monkeypatch.setattr(sink, "QUEUE_BYTES", 1000)
    reader, writer = pipe
    text = as_text(log := BackgroundFile(writer))
    for number in range(10_000):  # a pipe takes 64 KiB
        text.write(f"line {number}\n")
    received = b""
    while len(received) < log._sink._queued:
        received += reader.read(65536)
    text.write("at last\n")
    text.close()
    received += reader.read(65536)
    lines = received.decode().splitlines()
    kept = [int(line.removeprefix("line ")) for line in lines if line.startswith("line ")]
    told = [int(line.split()[0]) for line in lines if "lines of this log were lost" in line]
    assert kept == sorted(kept)
    assert len(kept) + sum(told) == 10_000
    assert len(kept) < 10_000 and lines[-1] == "at last"


def test_a_log_that_cannot_be_written_says_so_nowhere(capfd):
    with FileIO("/dev/full", "w") as full:
        text = as_text(BackgroundFile(full))
        for _ in range(3):
            text.write("line\n")
        text.close()
    assert capfd.readouterr() == ("", "")


def test_what_a_signal_has_to_say_in_the_middle_of_a_line_is_said(tmp_path, monkeypatch):
    with FileIO(tmp_path / "log", "w") as file:
        log = BackgroundFile(file)
        write = log._sink.write

        def interrupted(line):
            monkeypatch.setattr(log._sink, "write", write)
            log.write(b"signal\n")
            write(line)

        monkeypatch.setattr(log._sink, "write", interrupted)
        log.write(b"line\n")
        log.close()
    assert (tmp_path / "log").read_text() == "signal\nline\n"


def test_the_last_words_are_waited_for(tmp_path):
    with FileIO(tmp_path / "log", "w") as file:
        text = as_text(log := BackgroundFile(file))
        text.write("before\n")
        log.finish()
        assert (tmp_path / "log").read_text() == "before\n"
        text.write("after\n")
        assert (tmp_path / "log").read_text() == "before\nafter\n"
        text.close()


def test_the_last_words_are_waited_for_only_so_long(monkeypatch, pipe):
    monkeypatch.setattr(background_file, "PATIENCE", 0.1)
    reader, writer = pipe
    text = as_text(log := BackgroundFile(writer))
    text.write("x" * 100_000 + "\n")
    before = monotonic()
    log.finish()
    for _ in range(1000):
        text.write("after\n")
    text.close()
    assert 0.1 <= monotonic() - before < 5
    assert reader.read(65536) == b"x" * 65536
