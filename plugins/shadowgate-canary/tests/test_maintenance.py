"""The maintenance filter."""

from pathlib import Path

from shadowgate_canary.maintenance import Maintenance
from twisted.internet.task import Clock

from shadowgate.plugin import Reply
from shadowgate.testing import FilterContract, environment, from_yaml, request


class TestContract(FilterContract):
    def make(self) -> Maintenance:
        return Maintenance(file=__file__)


def test_requests_pass_until_the_file_is_there_and_again_when_it_is_gone(tmp_path: Path) -> None:
    switch, clock = tmp_path / "maintenance", Clock()
    env = environment(clock)
    options = f"{{file: {switch}, retryAfter: 1m30s, message: Back soon., checkEvery: 1s}}"
    on_request = from_yaml(Maintenance, options).compile(env).on_request
    assert on_request is not None
    assert on_request(request()) is None

    switch.touch()
    assert on_request(request()) is None, "looked at again only after check_every"
    clock.advance(1)
    assert on_request(request()) == Reply(
        503,
        b"Back soon.",
        ((b"content-type", b"text/plain; charset=utf-8"), (b"retry-after", b"90")),
        reason="maintenance",
    )

    switch.unlink()
    clock.advance(1)
    assert on_request(request()) is None
    assert env.metrics.counts == {"maintenance_refused": 1}
