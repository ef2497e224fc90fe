"""What was acknowledged is there after kill -9 at any moment, and nothing is there in part."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from time import sleep

from harness.processes import Gateway
from harness.wire import Cut, Wire, connect, get

APPLIES = 1000
KILLS = 6
NAMES = 25
BATCH = 4
PADDING = "x" * 3000
"""Makes an object longer than what a disk writes at once."""

State = dict[str, int]
"""The number that each object holds."""


def config_map(name: str, number: int) -> str:
    head = f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\n"
    return f"{head}data: {{first: '{number}', padding: {PADDING}, last: '{number}'}}\n---\n"


class Writer:
    """Applies and deletes objects, and knows what has to be there."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.acknowledged: State = {}
        self.applied = 0

    def change(self) -> tuple[bytes, State]:
        """Return the next request, and what is there once it is done."""
        number = self.applied
        some = self.random.sample(range(NAMES), BATCH if number % 5 == 0 else 1)
        names = [f"object-{each}" for each in some]
        if number % 7 == 6 and (there := sorted(self.acknowledged)):
            name = self.random.choice(there)
            left = {key: value for key, value in self.acknowledged.items() if key != name}
            return get(f"/objects/delete?kind=cm&name={name}", "admin", method="POST", body=b""), left
        body = "".join(config_map(name, number) for name in names).encode()
        return get("/objects/apply", "admin", method="POST", body=body), self.acknowledged | dict.fromkeys(
            names, number
        )


def found(gateway: Gateway) -> State:
    """What the gateway serves; an object whose ends differ is none that anybody wrote."""
    state = {}
    for item in json.loads(gateway.admin("/objects?kind=cm").body)["items"]:
        data = item["object"]["data"]
        assert data == {"first": data["last"], "padding": PADDING, "last": data["last"]}
        state[item["object"]["metadata"]["name"]] = int(data["last"])
    return state


def write_until_killed(writer: Writer, gateway: Gateway, last: int) -> State:
    """Change objects up to the request that a kill may cut off; return what is there if that one was carried out."""
    with connect(str(gateway.admin_path)) as wire:
        while True:
            request, wanted = writer.change()
            writer.applied += 1
            wire.send(request)
            if writer.applied == last:
                sleep(writer.random.uniform(0, 0.008))
                gateway.process.kill()
                gateway.process.wait()
            if acknowledged(wire):
                writer.acknowledged = wanted
            if writer.applied == last:
                return wanted


def acknowledged(wire: Wire) -> bool:
    try:
        answer = wire.answer()
    except (Cut, ConnectionError):
        return False
    assert answer.status == 200, answer.body
    return True


def test_no_acknowledged_object_is_lost_and_none_is_half_written(directory: Path) -> None:
    writer = Writer(Random(20))
    store = directory / "store"
    unsure: State = {}
    for each in range(KILLS + 1):
        gateway = Gateway(directory, "--store", str(store))
        gateway.wait_ready()
        if each:
            state = found(gateway)
            assert state in (writer.acknowledged, unsure)
            writer.acknowledged = state
        if each < KILLS:
            unsure = write_until_killed(writer, gateway, APPLIES * (each + 1) // KILLS)
    assert gateway.stop() == 0
    assert writer.applied == APPLIES
    assert len(list(store.rglob("*.yaml"))) == len(writer.acknowledged) > NAMES // 2
    assert [path.name for path in store.iterdir() if path.name != ".lock"] == ["core"]
