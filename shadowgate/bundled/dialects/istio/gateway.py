"""Istio's Gateway: the ports that clients of VirtualServices come in by.

Each server becomes listeners, one for each set of namespaces that its hosts are open to.  A server that is not served
becomes one without a place, so that rules bound to it are told so.  TLS settings stand in ``server_tls``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from attrs import Attribute, field, frozen

from shadowgate import model
from shadowgate.bundled.dialects.istio.server_tls import ServerTLS
from shadowgate.bundled.dialects.istio.unserved import UNSUPPORTED, WITHOUT_EFFECT, report_unserved
from shadowgate.bundled.dialects.istio.values import port_number
from shadowgate.bundled.dialects.scope import Scope
from shadowgate.bundled.dialects.service_names import is_address, is_host, is_label, plain
from shadowgate.errors import NOWHERE, Position
from shadowgate.model import PluginUse
from shadowgate.plugin import Document, Node
from shadowgate.plugin.checks import istio_routing
from shadowgate.plugin.spelling import did_you_mean

_HTTP1: Final = ("HTTP",)
_HTTP2: Final = ("HTTP2", "GRPC", "GRPC-WEB")
_TLS: Final = ("HTTPS", "TLS")
_OTHERS: Final = ("TCP", "MONGO", "MYSQL", "REDIS")
_PROTOCOLS: Final = (*_HTTP1, *_HTTP2, *_TLS, *_OTHERS)
_UNIX: Final = "unix://"
_EVERY: Final = "*"


def _port(instance: Any, attribute: Attribute[Any], value: int) -> None:
    if value:  # 0 belongs to a Unix socket; see Server
        port_number(instance, attribute, value)


@frozen
class ServerPort:
    """Istio ``Port``."""

    number: int = field(default=0, validator=_port)
    protocol: str = ""
    name: str = ""
    target_port: Node | None = field(default=None, metadata=UNSUPPORTED)
    position: Position = field(default=NOWHERE, eq=False)

    def check(self, scope: Scope, *, unix: bool) -> None:
        def refuse(key: str, message: str, expected: str = "") -> None:
            scope.inside(key).error(message, self.position, expected=expected, check=istio_routing.SERVER_PORT)

        if not self.number and not unix:
            refuse("number", "the port has no number", "1 to 65535")
        if not self.name:
            refuse("name", "the port has no name", 'a name such as "http"')
        if self.target_port is not None:
            refuse("targetPort", "a Gateway has no target ports")
        if self.protocol.upper() not in _PROTOCOLS:
            suggestion = did_you_mean(self.protocol.upper(), _PROTOCOLS)
            refuse("protocol", f'"{self.protocol}" is no protocol{suggestion}', f"one of {', '.join(_PROTOCOLS)}")


@frozen
class Server:
    """Istio ``Server``."""

    port: ServerPort
    hosts: tuple[str, ...] = ()
    bind: str = ""
    tls: ServerTLS | None = None
    default_endpoint: Node | None = field(default=None, metadata=WITHOUT_EFFECT)
    name: str = ""
    position: Position = field(default=NOWHERE, eq=False)

    @property
    def protocol(self) -> str:
        return self.port.protocol.upper()

    @property
    def _unix(self) -> bool:
        return self.bind.startswith(_UNIX)

    def check(self, scope: Scope) -> None:
        report_unserved(self, scope)
        self.port.check(scope.inside("port"), unix=self._unix)
        self._check_bind(scope.inside("bind"))
        self._check_tls(scope.inside("tls"))
        if not self.hosts:
            message, expected = "the server is for no hosts", '"*", or names'
            scope.inside("hosts").error(message, self.position, expected=expected, check=istio_routing.SERVER_HOST)
        for index, host in enumerate(self.hosts):
            self._check_host(host, scope.inside(f"hosts[{index}]"))

    def _check_host(self, host: str, scope: Scope) -> None:
        namespace, slash, name = host.rpartition("/")
        sound = not slash or namespace in (".", _EVERY) or is_label(namespace)
        if not sound or (name != _EVERY and not is_address(name) and not is_host(name.removeprefix("*."))):
            expected = 'a name without port, "*." before a name or "*", and "namespace/" before it if need be'
            message = "this is not the host of a server"
            scope.error(message, self.position, found=f'"{host}"', expected=expected, check=istio_routing.SERVER_HOST)

    def _check_bind(self, scope: Scope) -> None:
        def refuse(message: str, expected: str = "") -> None:
            scope.error(message, self.position, expected=expected, check=istio_routing.SERVER_BIND)

        if self._unix:
            path = self.bind.removeprefix(_UNIX)
            if not path.startswith("/") or path.endswith("/"):
                refuse("this is not the path of a Unix socket", "unix:///path")
            if self.port.number:
                refuse("a Unix socket has no port number")
        elif self.bind and not is_address(self.bind):
            refuse("a server is bound to an address", "an IP address or unix:///path")

    def _check_tls(self, scope: Scope) -> None:
        if self.tls is None:
            if self.protocol in _TLS:
                message = f"{self.protocol} needs TLS settings"
                scope.error(message, self.position, expected="tls.mode", check=istio_routing.SERVER_TLS)
            return
        if self.protocol in _TLS:
            self.tls.check(scope)
        elif self.protocol in _OTHERS or not self.tls.only_redirects:
            message = f"a server for {self.protocol} has no TLS settings"
            expected = "httpsRedirect alone" if self.protocol not in _OTHERS else ""
            scope.error(message, self.tls.position, expected=expected, check=istio_routing.SERVER_TLS)
        if self.tls.https_redirect and self.protocol not in (*_HTTP1, *_HTTP2):
            message = "httpsRedirect is for HTTP servers"
            scope.inside("httpsRedirect").warning(message, self.tls.position, check=istio_routing.SERVER_TLS)

    def translate(self, gateway: str, scope: Scope) -> Iterator[model.Listener]:
        served = self._served(scope)
        endpoint = f"unix:{self.bind.removeprefix(_UNIX)}" if self._unix else ""
        for namespaces, hosts in self._by_namespaces(scope.namespace).items():
            suffix = f" of {', '.join(namespaces)}" if namespaces else ""
            yield model.Listener(
                f"{gateway}/{self.port.name}{suffix}",
                endpoint if served else "",
                self.port.number or None if served else None,
                hosts,
                gateway,
                bind="" if self._unix else self.bind,
                namespaces=namespaces,
                rule=self._rule(),
                position=self.position,
            )

    def _served(self, scope: Scope) -> bool:
        inner = scope.inside("port.protocol")
        at, check = self.port.position, istio_routing.SERVER_NOT_SERVED
        if self.protocol in _TLS:
            inner.warning(f"{self.protocol} is not served yet: this port is not opened", at, check=check)
        elif self.protocol in _OTHERS:
            inner.warning(f"only HTTP is served: this port is not opened for {self.protocol}", at, check=check)
        elif self.protocol in _HTTP2:
            message = f"{self.protocol} is not served yet: this port speaks HTTP/1.1"
            inner.warning(message, at, check=istio_routing.NOT_SERVED)
        return self.protocol in (*_HTTP1, *_HTTP2)

    def _by_namespaces(self, own: str) -> Mapping[tuple[str, ...], tuple[str, ...]]:
        """Return the hosts by the namespaces that they are open to, ``()`` for all of them."""
        found: dict[tuple[str, ...], list[str]] = {}
        for host in self.hosts:
            namespace, _, name = host.rpartition("/")
            open_to = () if namespace in ("", _EVERY) else (own if namespace == "." else namespace,)
            found.setdefault(open_to, []).append(plain(name))
        return {namespaces: tuple(dict.fromkeys(names)) for namespaces, names in found.items()}

    def _rule(self) -> model.Rule | None:
        """Return what answers in place of all routes (Istio ``httpsRedirect``)."""
        if self.tls is None or not self.tls.https_redirect:
            return None
        redirect = PluginUse("redirect", {"scheme": "https", "code": 301}, self.tls.position)
        return model.Rule(filters=(redirect,), name="httpsRedirect", position=self.tls.position)


@frozen
class Gateway:
    """Istio ``Gateway``, what stands below ``spec``; the selector chooses among the proxies of a mesh."""

    selector: Node | None = field(default=None, metadata=WITHOUT_EFFECT)
    servers: tuple[Server, ...] = ()
    position: Position = field(default=NOWHERE, eq=False)

    def translate(self, document: Document, scope: Scope) -> Iterator[model.Listener]:
        report_unserved(self, scope)
        if not is_label(document.name):
            message, found = "the name of a Gateway is a DNS label", f'"{document.name}"'
            scope.error(message, scope.document, found=found, check=istio_routing.GATEWAY_NAME)
        if not self.servers:
            scope.error("there are no servers", self.position, expected="servers", check=istio_routing.NO_SERVERS)
        seen: dict[str, int] = {}
        for index, server in enumerate(self.servers):
            inner = scope.inside(f"servers[{index}]")
            server.check(inner)
            name = server.port.name
            if name and seen.setdefault(name, index) != index:
                message = f'another server of the Gateway has the port name "{name}", servers[{seen[name]}]'
                inner.inside("port.name").error(message, server.port.position, check=istio_routing.SERVER_PORT)
            else:
                yield from server.translate(f"{scope.namespace}/{document.name}", inner)
