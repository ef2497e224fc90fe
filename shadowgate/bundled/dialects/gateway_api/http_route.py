"""HTTPRoute: rules for hosts, attached to Gateways.

Which of its matches goes first, where it is attached and which references hold is decided in ``config``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Literal

from attrs import Attribute, field, frozen

from shadowgate import model
from shadowgate.bundled.dialects.gateway_api.annotations import mirror_suffix
from shadowgate.bundled.dialects.gateway_api.forms import at_most, hostname_sentence, is_hostname, some
from shadowgate.bundled.dialects.gateway_api.parents import ParentRef, translate_parents
from shadowgate.bundled.dialects.gateway_api.rule import Rule
from shadowgate.bundled.dialects.objects import read_metadata
from shadowgate.bundled.dialects.scope import Scope
from shadowgate.errors import NOWHERE, Position
from shadowgate.plugin import Document, Scalar
from shadowgate.plugin.checks import Unfit, gateway_api

_MOST_MATCHES: Final = 128


def _matches_together(_instance: Any, _attribute: Attribute[Any], value: tuple[Rule, ...]) -> None:
    total = sum(len(rule.matches) for rule in value)
    if total > _MOST_MATCHES:
        message = f"there are {total} matches in all rules together; {_MOST_MATCHES} are the most"
        raise Unfit(gateway_api.TOO_MANY, message)


@frozen
class HTTPRoute:
    """What stands below ``spec``."""

    parent_refs: tuple[ParentRef, ...] = field(default=(), validator=at_most(32, "parentRefs"))
    use_default_gateways: Literal["All", "None"] = "None"
    hostnames: tuple[Scalar, ...] = field(default=(), validator=at_most(16, "hostnames"))
    rules: tuple[Rule, ...] = field(default=(Rule(),), validator=[some(16, "rules"), _matches_together])
    position: Position = field(default=NOWHERE, eq=False)

    def translate(self, document: Document, scope: Scope) -> Iterator[model.Route]:
        metadata = read_metadata(document, scope.report)
        parents = tuple(translate_parents(self.parent_refs, scope.inside("parentRefs")))
        self._check_attached(scope)
        self._check_hostnames(scope.inside("hostnames"))
        self._check_names(scope.inside("rules"))
        suffix, owner = mirror_suffix(document, scope), f"{scope.namespace}/{document.name}"
        rules = tuple(
            rule.translate(suffix, scope.inside(f"rules[{index}]"), self.position, owner)
            for index, rule in enumerate(self.rules)
        )
        if not parents and not self._takes_defaults:
            return
        yield model.Route(
            document.name,
            tuple(dict.fromkeys(name.text for name in self.hostnames)) or ("*",),
            rules,
            kind="HTTPRoute",
            namespace=scope.namespace,
            created=metadata.creation_timestamp,
            position=scope.document,
            parents=parents,
            takes_defaults=self._takes_defaults,
            generation=metadata.generation,
        )

    @property
    def _takes_defaults(self) -> bool:
        return self.use_default_gateways == "All"

    def _check_attached(self, scope: Scope) -> None:
        if not self.parent_refs and not self._takes_defaults:
            message = "the route is attached to nothing, so that no request comes to it"
            scope.warning(message, self.position, expected="parentRefs", check=gateway_api.NO_PARENT)

    def _check_hostnames(self, scope: Scope) -> None:
        for index, name in enumerate(self.hostnames):
            if not is_hostname(name.text):
                inner, found = scope.inside(f"[{index}]"), f'"{name.text}"'
                inner.error(hostname_sentence(name.text), name.position, found=found, check=gateway_api.FORM)

    def _check_names(self, scope: Scope) -> None:
        seen: dict[str, int] = {}
        for index, rule in enumerate(self.rules):
            if rule.name is not None and seen.setdefault(rule.name, index) != index:
                message = f'rules[{seen[rule.name]}] is called "{rule.name}" as well'
                scope.inside(f"[{index}].name").error(message, rule.position, check=gateway_api.REPEATED)
