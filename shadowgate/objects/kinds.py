"""What kinds of objects are called: ``deploy``, ``deployments.apps`` and ``Deployment`` are one.

The words are kubectl's.  Kinds that are not in the table are known by their own name and its plural, once a dialect
reads them or an object of them is in service.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from attrs import frozen

from shadowgate.model.gateways import GATEWAY_GROUP, ObjectKey
from shadowgate.plugin.spelling import did_you_mean

Kind = tuple[str, str]
"""API group and kind."""

ISTIO_GROUP: Final = "networking.istio.io"
EVERYTHING: Final = "all"

_SHORT: Final[dict[Kind, str]] = {
    ("", "ConfigMap"): "cm",
    ("", "Endpoints"): "ep",
    ("", "Namespace"): "ns",
    ("", "Node"): "no",
    ("", "Pod"): "po",
    ("", "Secret"): "",
    ("", "Service"): "svc",
    ("", "ServiceAccount"): "sa",
    ("apps", "DaemonSet"): "ds",
    ("apps", "Deployment"): "deploy",
    ("apps", "ReplicaSet"): "rs",
    ("apps", "StatefulSet"): "sts",
    ("batch", "CronJob"): "cj",
    ("batch", "Job"): "",
    ("discovery.k8s.io", "EndpointSlice"): "",
    (GATEWAY_GROUP, "Gateway"): "gtw gw",
    (GATEWAY_GROUP, "GatewayClass"): "gc",
    (GATEWAY_GROUP, "HTTPRoute"): "hr",
    (GATEWAY_GROUP, "ReferenceGrant"): "refgrant",
    (ISTIO_GROUP, "DestinationRule"): "dr",
    (ISTIO_GROUP, "Gateway"): "gw",
    (ISTIO_GROUP, "ServiceEntry"): "se",
    (ISTIO_GROUP, "VirtualService"): "vs",
    (ISTIO_GROUP, "WorkloadEntry"): "we",
}
"""The kinds that users of such objects have, with kubectl's short names."""

KNOWN: Final = frozenset(_SHORT)
_VERSION: Final = re.compile(r"v[0-9]+((alpha|beta)[0-9]+)?")


class UnknownKind(ValueError):
    """Nothing is called so; the text says what was probably meant."""


@frozen
class Kinds:
    """The kinds that can be asked for, by what they are called."""

    by_word: dict[str, tuple[Kind, ...]]

    @classmethod
    def of(cls, more: Iterable[Kind]) -> Kinds:
        """Return those of the table, and more."""
        found: dict[str, dict[Kind, None]] = {}
        for kind in dict.fromkeys([*_SHORT, *more]):
            if kind[1]:
                for word in (kind[1].lower(), plural(kind[1]), *_SHORT.get(kind, "").split()):
                    found.setdefault(word, {})[kind] = None
        return cls({word: tuple(kinds) for word, kinds in found.items()})

    def find(self, words: str) -> tuple[Kind, ...]:
        """Return the kinds that ``svc``, ``svc,deploy``, ``gateway.networking.istio.io`` or ``all`` means.

        One word may mean kinds of several groups.  Raises :class:`UnknownKind`.
        """
        if words.lower() == EVERYTHING:
            return tuple(dict.fromkeys(kind for kinds in self.by_word.values() for kind in kinds))
        return tuple(dict.fromkeys(kind for word in words.split(",") for kind in self._one(word)))

    def _one(self, word: str) -> tuple[Kind, ...]:
        name, _, group = word.lower().partition(".")
        version, _, rest = group.partition(".")
        groups = {group, rest} if _VERSION.fullmatch(version) else {group}
        found = self.by_word.get(name, ())
        if group:
            found = tuple(kind for kind in found if kind[0] in groups)
        if not found:
            raise UnknownKind(f'there is no kind of objects "{word}"{did_you_mean(word.lower(), sorted(self.by_word))}')
        return found


def plural(kind: str) -> str:
    """Return ``services`` for ``Service``, ``serviceentries`` for ``ServiceEntry``."""
    name = kind.lower()
    if name == "endpoints":
        return name
    if name.endswith(("s", "x", "ch")):
        return f"{name}es"
    if name.endswith("y") and name[-2:-1] not in "aeiou":
        return f"{name[:-1]}ies"
    return f"{name}s"


def resource(key: ObjectKey) -> str:
    """Return ``deployment.apps/web`` as kubectl prints it."""
    return f"{_with_group(key.kind.lower(), key.group)}/{key.name}"


def quoted(key: ObjectKey, *, several: bool = False) -> str:
    """Return ``deployment.apps "web"``, or ``deployments.apps "web"`` as kubectl's refusals have it."""
    return f'{_with_group(plural(key.kind) if several else key.kind.lower(), key.group)} "{key.name}"'


def _with_group(name: str, group: str) -> str:
    return f"{name}.{group}" if group else name
