"""Names of hosts compared: wildcards, what a mistyped one was probably meant to be, and who may know of what."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from typing import Final

from shadowgate.plugin.spelling import did_you_mean, nearest

NAMESPACE: Final = "default"
"""Where the gateway itself is, for objects that are not known everywhere (Istio ``exportTo``)."""

_CLUSTER_LOCAL: Final = ".svc.cluster.local"
_SUGGESTED_FROM: Final = 256
"""Names that an unknown one is compared with: a thousand wrong routes must not make loading slow."""


def covers(pattern: str, host: str) -> bool:
    """Return whether a host or wildcard (``*``, ``*.suffix``) stands for this host, which may be a wildcard, too."""
    return pattern in ("*", host) or (pattern.startswith("*.") and host != pattern and host.endswith(pattern[1:]))


def covering(host: str) -> Iterator[str]:
    """Yield the wildcards that stand for a host and for more than that, the narrowest first."""
    labels = host.removeprefix("*.").split(".")
    yield from (f"*.{'.'.join(labels[at:])}" for at in range(1, len(labels)))
    if host != "*":
        yield "*"


def in_common(wanted: Iterable[str], offered: Collection[str]) -> Iterator[str]:
    """Yield the hosts that are wanted and offered, in lower case: of two that cover each other the narrower."""
    for host in wanted:
        lowered = host.lower()
        if any(covers(each, lowered) for each in offered):
            yield lowered
        else:
            yield from (each for each in offered if covers(lowered, each))


def service_host(name: str, namespace: str) -> str:
    """Return the name under which every Kubernetes Service is known."""
    return f"{name}.{namespace}{_CLUSTER_LOCAL}"


def suggest_host(host: str, known: Iterable[str]) -> str:
    """Return the end of a sentence about an unknown host: ``, did you mean "..."?``, or nothing.

    Of names in a mesh only the first label is compared: what they all share would make any two of them look alike.
    """
    known = tuple(islice(known, _SUGGESTED_FROM))
    if not host.endswith(_CLUSTER_LOCAL):
        return did_you_mean(host, known)
    by_label = {name.partition(".")[0]: name for name in known if name.endswith(_CLUSTER_LOCAL)}
    label = nearest(host.partition(".")[0], by_label)
    return "" if label is None else f', did you mean "{by_label[label]}"?'


def known_here(exported_to: Collection[str]) -> bool:
    """Return whether what is exported to these namespaces is known to the gateway."""
    return "*" in exported_to or NAMESPACE in exported_to


def not_known_here(exported_to: Iterable[str]) -> str:
    """Return the sentence that says so."""
    names = ", ".join(f'"{name}"' for name in exported_to) or "nobody"
    return f'it is exported to {names} and not to the gateway\'s namespace, "{NAMESPACE}"; it is left out'
