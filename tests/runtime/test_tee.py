"""Whatever goes wrong in mirroring stays there."""

import pytest

from shadowgate.runtime import tee
from shadowgate.runtime.mirror import Shadow


def goes_wrong(*given):
    raise AssertionError("a defect")


@pytest.mark.parametrize(
    ("where", "what"),
    [(tee, "fire"), (Shadow, "send"), (Shadow, "end"), (Shadow, "cancel")],
    ids=["start", "body", "end", "gone"],
)
def test_a_defect_in_mirroring_does_not_reach_the_primary(stage, monkeypatch, where, what):
    monkeypatch.setattr(where, what, goes_wrong)
    it = stage(mirrors=[{}])
    it.idle("v1")
    it.event("POST / length=4 'ab' ...")
    it.event("body 'cd'")
    assert "v1 body 'cd'" in it.commands
    if what == "cancel":
        it.event("client gone")
        assert it.record.outcome == "client_gone"
        return
    it.event("end")
    it.event("v1 answers 200")
    assert it.commands[-1] == "client 200"


def test_after_a_defect_nothing_more_is_mirrored(stage, monkeypatch):
    it = stage(mirrors=[{}])
    it.idle("v1")
    it.idle("~v2")
    it.event("POST / length=4 'ab' ...")
    shadows = it.streams["~v2"]
    send = type(shadows).send
    monkeypatch.setattr(
        type(shadows), "send", lambda stream, data: goes_wrong() if stream is shadows else send(stream, data)
    )
    it.event("body 'cd'")
    assert it.stats.plugin_failures == {"mirroring": 1}
    monkeypatch.undo()
    it.commands.clear()
    it.play("""
        >> body 'ef'
        << v1 body 'ef'
        >> end
        << v1 end
    """)
