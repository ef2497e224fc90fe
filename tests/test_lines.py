"""The log's text: one event, one line, whatever strangers have put into it."""

from io import StringIO

import pytest
from twisted.logger import Logger

from shadowgate.lines import line_observer, lines_of


@pytest.fixture
def written():
    file = StringIO()
    log = Logger(namespace="test", observer=line_observer(file.write))
    return log, file.getvalue


def test_an_event_is_one_line_with_its_time_and_level(written):
    log, text = written
    log.info("{problem}", problem="all is well")
    (line,) = text().splitlines()
    assert line.endswith(" [test#info] all is well")
    assert line[:2] == "20"


@pytest.mark.parametrize("character", ["\n", "\r", "\t", "\x1b", "\x00", "\x85", "\u2028"])
def test_control_characters_are_written_as_escapes(written, character):
    log, text = written
    log.info("{header}", header=f"a{character}2026-01-01 forged")
    assert text().splitlines() == [text().rstrip("\n")]
    assert character not in text().rstrip("\n")
    assert "a\\" in text() and "2026-01-01 forged" in text()


def test_a_traceback_follows_indented_and_its_exception_keeps_to_its_line(written):
    log, text = written
    try:
        raise ValueError("what a client sent:\n2026-01-01 forged")
    except ValueError:
        log.failure("it failed")
    first, *trace = text().splitlines()
    assert first.endswith("[test#critical] it failed")
    assert trace[0] == "    Traceback (most recent call last):"
    assert trace[-1] == "    builtins.ValueError: what a client sent:\\n2026-01-01 forged"
    assert all(line.startswith("    ") for line in trace)


def test_an_event_that_says_nothing_is_no_line(written):
    log, text = written
    log.info("")
    assert text() == ""


def test_a_failure_that_nobody_has_words_for_is_written_all_the_same(written):
    log, text = written
    try:
        raise ValueError("lost")
    except ValueError:
        log.failure("")
    first, *trace = text().splitlines()
    assert first.endswith("[test#critical] unhandled error")
    assert trace[-1] == "    builtins.ValueError: lost"


def test_bare_lines_are_the_message_and_its_traceback_alone():
    events = []
    log = Logger(namespace="test", observer=events.append)
    log.warn("{what} happened", what="it")
    try:
        raise ValueError
    except ValueError:
        log.failure("it failed")
    assert lines_of(events[0], bare=True) == ["it happened"]
    first, *trace = lines_of(events[1], bare=True)
    assert first == "it failed"
    assert trace[-1].strip() == "builtins.ValueError:"
