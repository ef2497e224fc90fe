"""Messages on a stream of bytes."""

import pytest

from shadowgate.workers.frames import Frames, TooLong, frame

MESSAGES = [b"", b"one", b"x" * 300]
STREAM = b"".join(map(frame, MESSAGES))


@pytest.mark.parametrize("size", [1, 3, 7, len(STREAM)])
def test_messages_come_out_as_they_went_in_however_they_are_cut(size):
    frames = Frames(300)
    pieces = [STREAM[start : start + size] for start in range(0, len(STREAM), size)]
    assert [message for piece in pieces for message in frames.feed(piece)] == MESSAGES


def test_a_message_above_the_bound_is_refused_before_it_is_there():
    frames = Frames(299)
    with pytest.raises(TooLong):
        list(frames.feed(frame(b"x" * 300)[:4]))


def test_what_came_before_a_message_above_the_bound_is_understood():
    messages = Frames(3).feed(frame(b"one") + frame(b"four"))
    assert next(messages) == b"one"
    with pytest.raises(TooLong):
        next(messages)
