"""Istio's VirtualService: the rules of some hosts.  One rule stands in ``http_route``.

The checks are those of Istio's own validation; what rules amount to together with others is seen to in ``config``.
"""

from __future__ import annotations

from collections.abc import Iterator

from attrs import field, frozen

from shadowgate import model
from shadowgate.bundled.dialects.istio.gateway_names import check_gateways, resolve_gateways
from shadowgate.bundled.dialects.istio.http_route import HTTPRoute
from shadowgate.bundled.dialects.istio.unserved import UNSERVED, WITHOUT_EFFECT, report_unserved
from shadowgate.bundled.dialects.istio.visibility import check_export_to, exported_to
from shadowgate.bundled.dialects.objects import read_metadata
from shadowgate.bundled.dialects.scope import Scope
from shadowgate.bundled.dialects.service_names import all_names, is_address, is_host, plain
from shadowgate.errors import NOWHERE, Position
from shadowgate.model import OWN
from shadowgate.plugin import Document, Node
from shadowgate.plugin.checks import istio_routing


@frozen
class VirtualService:
    """Istio ``VirtualService``, what stands below ``spec``."""

    hosts: tuple[str, ...] = ()
    gateways: tuple[str, ...] = ()
    http: tuple[HTTPRoute, ...] = ()
    tls: Node | None = field(default=None, metadata=UNSERVED)
    tcp: Node | None = field(default=None, metadata=UNSERVED)
    export_to: tuple[str, ...] = field(default=(), metadata=WITHOUT_EFFECT)
    position: Position = field(default=NOWHERE, eq=False)

    def translate(self, document: Document, scope: Scope) -> Iterator[model.Route]:
        report_unserved(self, scope)
        check_gateways(self.gateways, self.position, scope.inside("gateways"))
        self._check_export_to(scope)
        if self.hosts:
            self._check_hosts(scope.inside("hosts"))
        else:
            self._check_delegate(scope)
        if not self.http and self.tls is None and self.tcp is None:
            scope.error("there are no rules", self.position, expected="http", check=istio_routing.NO_RULES)
        delegated = not self.hosts
        translated = (
            rule.translate(scope.inside(f"http[{index}]"), delegated=delegated) for index, rule in enumerate(self.http)
        )
        rules = tuple(rule for rule in translated if rule is not None)
        gateways = resolve_gateways(self.gateways, scope.namespace)
        created = read_metadata(document, scope.report).creation_timestamp
        hosts = dict.fromkeys(each for host in self.hosts for each in all_names(host, scope.namespace))
        if self.http:
            yield model.Route(
                document.name,
                tuple(hosts),
                rules,
                () if gateways == (OWN,) else gateways,
                kind="VirtualService",
                namespace=scope.namespace,
                created=created,
                position=scope.document,
            )

    def _check_delegate(self, scope: Scope) -> None:
        """Report what a delegate cannot have; one that cannot be a delegate at all misses its hosts."""
        extra = [key for key in ("gateways", "tls", "tcp") if getattr(self, key)]
        if extra:
            message = f"there are no hosts, and a delegate has no {' and no '.join(extra)}"
            expected = "a list of names"
            scope.inside("hosts").error(message, self.position, expected=expected, check=istio_routing.NO_HOSTS)

    def _check_export_to(self, scope: Scope) -> None:
        check_export_to(self.export_to, self.position, scope)
        if exported_to(self.export_to, scope.namespace) != ("*",):
            message = "a gateway serves the rules that it is given, whoever they are exported to"
            scope.inside("exportTo").info(message, self.position, check=istio_routing.NO_EFFECT)

    def _check_hosts(self, scope: Scope) -> None:
        in_mesh = not self.gateways or OWN in self.gateways
        for index, host in enumerate(self.hosts):
            inner, found = scope.inside(f"[{index}]"), f'"{host}"'
            if in_mesh and (host == "*" or is_address(host)):
                message = "this host needs gateways: in the mesh, which is the default, rules are for names"
                inner.error(message, self.position, found=found, check=istio_routing.HOST_NEEDS_GATEWAY)
                continue
            if host != "*" and not is_address(host) and not is_host(host.removeprefix("*.")):
                expected = 'a name without port, "*." before a name, or "*"'
                message = "this is not a host name"
                inner.error(message, self.position, found=found, expected=expected, check=istio_routing.HOST)
                continue
            for earlier in self.hosts[:index]:
                if _overlap(plain(earlier), plain(host)):
                    message = f'"{host}" overlaps with "{earlier}" of the same VirtualService'
                    inner.error(message, self.position, check=istio_routing.HOSTS_OVERLAP)


def _overlap(one: str, other: str) -> bool:
    if one == other or "*" in (one, other):
        return True
    return any(wide.startswith("*.") and narrow.endswith(wide[1:]) for wide, narrow in ((one, other), (other, one)))
