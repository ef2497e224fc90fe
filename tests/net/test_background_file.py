"""What the process says of itself; nobody waits for whoever reads it."""

import os
from functools import partialmethod
from io import FileIO

from shadowgate.net import sink
from shadowgate.net.background_file import BackgroundFile, as_text
from shadowgate.net.sink import LineSink


def test_text_is_written_in_utf_8_whatever_is_in_it(tmp_path):
    with FileIO(tmp_path / "log", "w") as file:
        text = as_text(BackgroundFile(file))
        text.write("it says \u00e9\ud800\n")
        text.close()
    assert (tmp_path / "log").read_bytes() == b"it says \xc3\xa9\\ud800\n"


def test_a_pipe_that_nobody_reads_holds_nobody_and_what_was_lost_is_told(monkeypatch):
    monkeypatch.setattr(sink, "QUEUE_BYTES", 1000)
    ends = os.pipe()
    with FileIO(ends[0], "r") as reader, FileIO(ends[1], "w") as writer:
        text = as_text(BackgroundFile(writer))
        for number in range(10_000):  # a pipe takes 64 KiB
            text.write(f"line {number}\n")
        received = b""
        while len(received) < text.buffer._sink._queued:
            received += reader.read(65536)
        text.write("at last\n")
        text.close()
        received += reader.read(65536)
    lines = received.decode().splitlines()
    kept = [int(line.removeprefix("line ")) for line in lines if line.startswith("line ")]
    told = [int(line.split()[0]) for line in lines if line.endswith("lost here: they could not be written")]
    assert kept == sorted(kept)
    assert len(kept) + sum(told) == 10_000
    assert len(kept) < 10_000 and lines[-1] == "at last"


def test_what_comes_after_the_end_is_written_at_once(tmp_path):
    with FileIO(tmp_path / "log", "w") as file:
        text = as_text(log := BackgroundFile(file))
        text.write("before\n")
        log.finish()
        text.write("after\n")
        assert (tmp_path / "log").read_text() == "before\nafter\n"
        text.close()


def test_what_comes_after_the_end_waits_for_nobody_either(monkeypatch):
    monkeypatch.setattr(LineSink, "stop", partialmethod(LineSink.stop, 0.1))
    ends = os.pipe()
    with FileIO(ends[0], "r") as reader, FileIO(ends[1], "w") as writer:
        text = as_text(log := BackgroundFile(writer))
        text.write("x" * 100_000 + "\n")
        log.finish()
        text.write("after\n")
        received = b""
        while not received.endswith(b"\n"):
            received += reader.read(65536)
    assert received == b"x" * 100_000 + b"\n"
