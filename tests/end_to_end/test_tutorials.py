"""The mirroring tutorials of Istio's documentation, step by step, with their own YAML and the real httpbin.

Where the tutorials apply objects to a cluster, files are put into the configuration's directory; a ServiceEntry says
where httpbin v1 and v2 are, which in a cluster the pods do.
"""

from __future__ import annotations

import json
import signal
from pathlib import Path
from time import monotonic

import pytest

from harness.processes import Gateway, Httpbin
from harness.waiting import settled, until
from harness.wire import get

SERVICE_ENTRY = """\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata:
  name: httpbin
spec:
  hosts: [httpbin]
  ports:
  - {{number: 8000, name: http, protocol: HTTP}}
  resolution: STATIC
  endpoints:
  - {{address: 127.0.0.1, ports: {{http: {v1}}}, labels: {{version: v1}}}}
  - {{address: 127.0.0.1, ports: {{http: {v2}}}, labels: {{version: v2}}}}
"""

ALL_TO_V1 = """\
apiVersion: networking.istio.io/v1alpha3
kind: VirtualService
metadata:
  name: httpbin
spec:
  hosts:
    - httpbin
  http:
  - route:
    - destination:
        host: httpbin
        subset: v1
      weight: 100
---
apiVersion: networking.istio.io/v1alpha3
kind: DestinationRule
metadata:
  name: httpbin
spec:
  host: httpbin
  subsets:
  - name: v1
    labels:
      version: v1
  - name: v2
    labels:
      version: v2
"""

VIRTUAL_SERVICE, DESTINATION_RULE = ALL_TO_V1.split("---\n")

MIRROR = """\
    mirror:
      host: httpbin
      subset: v2
"""

SPELLINGS = {
    "absent": MIRROR,
    "mirrorPercent": MIRROR + "    mirrorPercent: 100\n",
    "mirror_percent": MIRROR + "    mirror_percent: 100\n",
    "mirrorPercentage": MIRROR + "    mirrorPercentage:\n      value: 100.0\n",
    "mirrors": "    mirrors:\n    - destination:\n        host: httpbin\n        subset: v2\n",
    "mirrors with a percentage": """\
    mirrors:
    - destination:
        host: httpbin
        subset: v2
      percentage:
        value: 100.0
""",
}

Httpbins = tuple[Httpbin, Httpbin]


@pytest.fixture
def entry(httpbins: Httpbins) -> str:
    v1, v2 = httpbins
    return SERVICE_ENTRY.format(v1=v1.port, v2=v2.port)


class Counted:
    """How many access lines v1 and v2 have written since this was made."""

    def __init__(self, httpbins: Httpbins) -> None:
        self._httpbins = httpbins
        self._before = self._lines()

    def _lines(self) -> tuple[list[str], list[str]]:
        v1, v2 = self._httpbins
        return v1.lines(), v2.lines()

    def lines(self) -> tuple[list[str], list[str]]:
        """Return the new lines once no more of them come."""
        now = settled(self._lines)
        return now[0][len(self._before[0]) :], now[1][len(self._before[1]) :]

    def __call__(self) -> tuple[int, int]:
        v1, v2 = self.lines()
        return len(v1), len(v2)


def headers_seen(gateway: Gateway, requests: int = 1) -> list[dict[str, str]]:
    """Ask for /headers as the tutorials do; return what httpbin says that it has received."""
    seen = []
    for _ in range(requests):
        answer = gateway.ask(get("/headers", "httpbin:8000", "User-Agent: curl/7.35.0", "Accept: */*"))
        assert answer.status == 200, answer
        seen.append(json.loads(answer.body)["headers"])
    return seen


def generation(gateway: Gateway) -> int:
    return int(gateway.config()["generation"])


def takes_effect(gateway: Gateway, before: int) -> None:
    """Wait for the next configuration; the limit is the promise of the documentation with time for a busy machine."""
    since = monotonic()
    until(lambda: generation(gateway) > before, lambda: gateway.said)
    # Two seconds are promised; a machine that is doing other things may stretch them.
    assert monotonic() - since < 6


def test_with_only_the_service_entry_both_versions_share_the_load(start_gateway, httpbins: Httpbins, entry: str):
    gateway = start_gateway({"entry.yaml": entry})
    counted = Counted(httpbins)
    headers_seen(gateway, 40)
    v1, v2 = counted()
    assert v1 + v2 == 40
    assert v1 >= 8 and v2 >= 8


def test_the_steps_of_the_tutorial_one_after_the_other(start_gateway, httpbins: Httpbins, entry: str):
    gateway = start_gateway({"entry.yaml": entry})

    before = generation(gateway)
    gateway.write("rules.yaml", ALL_TO_V1)
    takes_effect(gateway, before)
    counted = Counted(httpbins)
    assert headers_seen(gateway, 10)[0]["Host"] == "httpbin:8000"
    assert counted() == (10, 0)

    before = generation(gateway)
    gateway.write("rules.yaml", VIRTUAL_SERVICE + MIRROR + "---\n" + DESTINATION_RULE)
    takes_effect(gateway, before)
    counted = Counted(httpbins)
    headers_seen(gateway, 10)
    v1_lines, v2_lines = counted.lines()
    assert len(v1_lines) == len(v2_lines) == 10
    assert all(line.startswith("httpbin:8000 ") for line in v1_lines)
    assert all(line.startswith("httpbin-shadow:8000 ") for line in v2_lines)
    assert all('"GET /headers HTTP/1.1" 200' in line and "curl/7.35.0" in line for line in v1_lines + v2_lines)

    before = generation(gateway)
    (gateway.configuration / "rules.yaml").unlink()
    takes_effect(gateway, before)
    counted = Counted(httpbins)
    headers_seen(gateway, 40)
    v1, v2 = counted()
    assert v1 + v2 == 40 and v1 >= 8 and v2 >= 8, "without rules both share again"


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_of_all_mirrors_each_request(gateway: Gateway, httpbins: Httpbins, entry: str, spelling: str):
    rules = VIRTUAL_SERVICE + SPELLINGS[spelling] + "---\n" + DESTINATION_RULE
    gateway.serve(f"{entry}---\n{rules}")
    counted = Counted(httpbins)
    headers_seen(gateway, 5)
    assert counted() == (5, 5)


@pytest.mark.parametrize("version", ["v1alpha3", "v1beta1", "v1"])
def test_the_rules_are_the_same_in_every_api_version(gateway: Gateway, httpbins: Httpbins, entry: str, version: str):
    rules = (VIRTUAL_SERVICE + MIRROR + "---\n" + DESTINATION_RULE).replace("v1alpha3", version)
    gateway.serve(f"{entry}---\n{rules}")
    counted = Counted(httpbins)
    headers_seen(gateway, 3)
    assert counted() == (3, 3)


def test_a_percentage_of_nought_mirrors_nothing(gateway: Gateway, httpbins: Httpbins, entry: str):
    rules = VIRTUAL_SERVICE + MIRROR + "    mirrorPercentage:\n      value: 0\n---\n" + DESTINATION_RULE
    gateway.serve(f"{entry}---\n{rules}")
    counted = Counted(httpbins)
    headers_seen(gateway, 20)
    assert counted() == (20, 0)


def test_what_httpbin_v1_and_v2_receive_differs_as_in_the_captures(gateway: Gateway, httpbins: Httpbins, entry: str):
    """v1's answer goes to the client; v2's is larger by the marks of a shadow, and dropped."""
    gateway.serve(f"{entry}---\n{VIRTUAL_SERVICE}{MIRROR}---\n{DESTINATION_RULE}")
    counted = Counted(httpbins)
    (seen,) = headers_seen(gateway)
    assert seen["Host"] == "httpbin:8000"
    assert "X-Envoy-Internal" not in seen
    (v1_line,), (v2_line,) = counted.lines()
    sizes = [int(line.split('" 200 ')[1].split()[0]) for line in (v1_line, v2_line)]
    assert sizes[0] < sizes[1]


def test_a_hangup_signal_looks_at_once_and_a_broken_change_keeps_the_last_good(
    start_gateway, httpbins: Httpbins, entry: str
):
    gateway = start_gateway({"entry.yaml": entry, "rules.yaml": ALL_TO_V1})
    good = gateway.config()
    assert good["last_load_ok"]
    gateway.write("rules.yaml", ALL_TO_V1.replace("weight: 100", "weigth: 100"))
    gateway.signal(signal.SIGHUP)
    until(lambda: not gateway.config()["last_load_ok"], lambda: gateway.said)

    now = gateway.config()
    assert now["generation"] == good["generation"]
    (problem,) = [problem for problem in now["problems"] if problem["severity"] == "error"]
    assert problem["position"].endswith("rules.yaml:13:7")
    assert "weigth" in str(problem) and "weight" in problem["expected"]
    assert gateway.metric("shadowgate_config_last_reload_successful") == 0
    assert "rules.yaml:13:7" in gateway.said
    assert f"generation {good['generation']} stays in service" in gateway.said
    counted = Counted(httpbins)
    headers_seen(gateway, 5)
    assert counted() == (5, 0)

    gateway.write("rules.yaml", ALL_TO_V1)
    gateway.signal(signal.SIGHUP)
    until(lambda: gateway.config()["last_load_ok"], lambda: gateway.said)
    assert gateway.metric("shadowgate_config_last_reload_successful") == 1


def test_half_a_file_is_not_served(start_gateway, httpbins: Httpbins, entry: str):
    gateway = start_gateway({"entry.yaml": entry, "rules.yaml": ALL_TO_V1})
    gateway.write("rules.yaml", ALL_TO_V1[: len(ALL_TO_V1) // 2] + "  - {")
    gateway.signal(signal.SIGHUP)
    until(lambda: not gateway.config()["last_load_ok"], lambda: gateway.said)
    counted = Counted(httpbins)
    headers_seen(gateway, 3)
    assert counted() == (3, 0)


def test_a_mirror_that_does_not_exist_is_warned_of_and_counted(gateway: Gateway, httpbins: Httpbins, entry: str):
    rules = VIRTUAL_SERVICE + MIRROR.replace("v2", "v3") + "---\n" + DESTINATION_RULE
    gateway.serve(f"{entry}---\n{rules}")
    assert any("v3" in str(problem) for problem in gateway.config()["problems"] if problem["severity"] == "warning")
    headers_seen(gateway, 3)
    (mirror,) = gateway.config()["routes"][0]["rules"][0]["mirrors"]
    accounts = gateway.settled_accounts(mirror["name"], 3)
    assert accounts.dropped == {"unresolved": 3}


def test_files_in_subdirectories_and_files_of_many_documents_are_read(
    start_gateway, directory: Path, httpbins: Httpbins, entry: str
):
    (directory / "conf" / "team").mkdir(parents=True)
    (directory / "conf" / "team" / "rules.yml").write_text(f"{VIRTUAL_SERVICE}{MIRROR}---\n{DESTINATION_RULE}")
    gateway = start_gateway({"entry.yaml": entry, "README.md": "not YAML: {"})
    counted = Counted(httpbins)
    headers_seen(gateway, 2)
    assert counted() == (2, 2)
