"""An explanation as text for people; takes the JSON that the admin API gives, whichever gateway it comes from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from shadowgate.cli.text import compact, plugin
from shadowgate.config.view import seconds

MOST_LATER: Final = 10
"""Rules after the winner that are listed; the rest are counted."""
KIB: Final = 1024

Plain = dict[str, Any]


def lines_of(found: Plain) -> Iterator[str]:
    """Yield the lines of an explanation."""
    yield found["request"]
    yield ""
    yield from _search(found["search"])
    if found["rule"]:
        yield ""
        yield f"rule: {found['rule']}  ({found['position']})"
        yield from _rule(found)
    if "answer" in found:
        yield ""
        yield f"answer: {_answer(found['answer'])}"
    if found["destinations"]:
        yield ""
        yield f"destinations{_chosen_by(found)}:"
        for share in found["destinations"]:
            yield from _share(share)
    if found["mirrors"]:
        yield ""
        yield "mirrors:"
        for copy in found["mirrors"]:
            yield from _mirror(copy)


def _search(search: Plain) -> Iterator[str]:
    own = "its own routes" if search["table"] else "the routes of every listener that has none of its own"
    yield f"listener: {search['listener']} ({own})"
    host = search["host"]
    if host["kind"] == "none":
        yield f"host: nothing is said of {host['host']}"
        return
    others = f"; less specific: {', '.join(host['lessSpecific'])}" if host["lessSpecific"] else ""
    kinds = {"exact": "the name itself", "wildcard": "the longest wildcard", "any": "any host"}
    yield f"host: {host['host']} is found as {host['pattern']}, {kinds[host['kind']]}{others}"
    yield ""
    yield "rules, in the order in which they are tried:"
    later = 0
    for number, tried in enumerate(search["tried"], 1):
        if tried["result"] == "not tried":
            later += 1
            if later > MOST_LATER:
                continue
        yield f"  {number}. {tried['result']}: {tried['rule']}  ({tried['position']})"
        yield f"     {tried['match']}"
        for reason in tried["reasons"]:
            yield f"     - {reason}"
    if later > MOST_LATER:
        yield f"  and {later - MOST_LATER} more that are not tried"


def _rule(found: Plain) -> Iterator[str]:
    yield from _steps(found["filters"], "  ")
    if not found["certain"]:
        yield "  what follows is as if the filters that were not run changed nothing"
    if found["destinations"]:
        times = ", ".join(f"{name} {seconds(value)}" for name, value in found["timeouts"].items() if value)
        yield f"  timeouts: {times or 'none'}"
        yield (
            f"  retries: at most {found['retries']}, by {plugin(found['retry'])}"
            if found["retries"]
            else "  retries: none"
        )


def _steps(steps: Sequence[Plain], indent: str) -> Iterator[str]:
    if steps:
        yield f"{indent}filters:"
    for number, step in enumerate(steps, 1):
        yield f"{indent}{number}. {plugin(step['filter'])}"
        effect = step["effect"] if step["ran"] else "not run here"
        if effect:
            yield f"{indent}   {effect}"


def _answer(answer: Plain) -> str:
    body = f", {compact(answer['body'])}" if answer["body"] else ""
    headers = f" {compact(answer['headers'])}" if answer["headers"] else ""
    return f"{answer['status']} by the gateway itself ({answer['by']}){headers}{body}"


def _chosen_by(found: Plain) -> str:
    return f", chosen by {plugin(found['balancer'])}" if "balancer" in found else ""


def _share(share: Plain) -> Iterator[str]:
    yield f"  {_percent(share.get('percent'))} {share['destination']}  ({share['position']})"
    indent = " " * 9
    if share["cluster"] and share["cluster"] != share["destination"]:
        yield f"{indent}cluster {share['cluster']}" + (f", subset {share['subset']}" if share["subset"] else "")
    yield from _steps(share["filters"], indent)
    if "answer" in share:
        yield f"{indent}answer: {_answer(share['answer'])}"
        return
    if share["target"]:
        yield f"{indent}gets {share['target']} with Host {share['authority']}"
    yield from _endpoints(share, indent)


def _mirror(copy: Plain) -> Iterator[str]:
    yield f"  {_percent(copy.get('odds'))} {copy['mirror']}  ({copy['position']})"
    indent = " " * 9
    if copy["destination"] != copy["mirror"]:
        yield f"{indent}to {copy['destination']}"
    if "only" in copy:
        yield f"{indent}only of what goes to {copy['only']}"
    if "policy" in copy:
        yield f"{indent}by {plugin(copy['policy'])}"
    yield from _steps(copy["filters"], indent)
    if copy["hosts"] and not copy["problem"]:
        yield f"{indent}with Host {' or '.join(copy['hosts'])}"
    yield from _endpoints(copy, indent)
    if copy["observers"]:
        yield f"{indent}observed by {', '.join(map(plugin, copy['observers']))}"
    yield f"{indent}limits: {_limits(copy['limits'])}"


def _endpoints(there: Plain, indent: str) -> Iterator[str]:
    if there["problem"]:
        yield f"{indent}{there['problem']}"
    for endpoint in there["endpoints"]:
        labels = "".join(f" {key}={value}" for key, value in endpoint["labels"].items())
        weight = f" weight {endpoint['weight']}" if endpoint["weight"] != 1 else ""
        yield f"{indent}- {endpoint['address']}{weight}{labels}"
    if "balancer" in there and len(there["endpoints"]) > 1:
        yield f"{indent}balancer: {plugin(there['balancer'])}"


def _limits(limits: Plain) -> str:
    sizes = ("buffer", "budget", "response")
    times = ("connect", "timeout", "breakerPause")
    return ", ".join(
        f"{name} {_size(value) if name in sizes else seconds(value) if name in times else value}"
        for name, value in limits.items()
    )


def _size(value: int) -> str:
    if value and value % (KIB * KIB) == 0:
        return f"{value // (KIB * KIB)} MiB"
    return f"{value // KIB} KiB" if value and value % KIB == 0 else str(value)


def _percent(value: float | None) -> str:
    return "     ?" if value is None else f"{value:5.4g}%"
