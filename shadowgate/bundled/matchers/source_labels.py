"""The ``source-labels`` matcher: a condition on the labels of the network that the client is in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from attrs import Attribute, field, frozen
from zope.interface import implementer

from shadowgate.bundled.networks import address_number, mask_and_value, networks
from shadowgate.http.head import RequestHead
from shadowgate.plugin.interfaces import IMatcher
from shadowgate.plugin.schema import OneOrMany


def _not_empty(_instance: Any, _attribute: Attribute[Mapping[str, str]], value: Mapping[str, str]) -> None:
    if not value:
        raise ValueError("give at least one label")


@frozen
class Clients:
    """Who is in some networks."""

    networks: OneOrMany[str] = field(
        validator=networks, metadata={"doc": "Networks or single addresses, as the source matcher has them."}
    )
    labels: Mapping[str, str] = field(factory=dict, metadata={"doc": "The labels of the clients there."})


@implementer(IMatcher)
@frozen(kw_only=True)
class SourceLabels:
    """The client has all of the labels: those of the narrowest network that it is in, and no others (Istio
    ``sourceLabels``, where they are a workload's).  A client that is in none of the networks has none.
    """

    labels: Mapping[str, str] = field(
        validator=_not_empty, metadata={"doc": "Labels with their values, all of which the client has to have."}
    )
    clients: OneOrMany[Clients] = field(default=(), metadata={"doc": "Which clients have which labels."})

    def __attrs_post_init__(self) -> None:
        self._verdicts()

    def compile(self) -> Callable[[RequestHead], bool]:
        by_mask: dict[int, dict[int, bool]] = {}
        for (mask, value), verdict in self._verdicts().items():
            by_mask.setdefault(mask, {})[value] = verdict
        narrowest_first = sorted(by_mask.items(), reverse=True)

        def matches(head: RequestHead) -> bool:
            address = address_number(head.peer)
            if address is not None:
                for mask, verdicts in narrowest_first:
                    verdict = verdicts.get(address & mask)
                    if verdict is not None:
                        return verdict
            return False

        return matches

    def _verdicts(self) -> dict[tuple[int, int], bool]:
        """Return for each network whether clients there have the labels."""
        wanted = self.labels.items()
        verdicts: dict[tuple[int, int], bool] = {}
        for clients in self.clients:
            for text in clients.networks:
                key = mask_and_value(text)
                if key in verdicts:
                    raise ValueError(f"the clients of {text} are given twice")
                verdicts[key] = wanted <= clients.labels.items()
        return verdicts
