"""``twistd shadowgate``: options in, service out."""

from __future__ import annotations

import sys
from os.path import abspath
from typing import Any

from twisted.python import usage

from shadowgate import __version__
from shadowgate.background import Background
from shadowgate.config.catalog import Catalog
from shadowgate.gateway import Gateway
from shadowgate.model import Settings
from shadowgate.net.sink import LineSink
from shadowgate.runtime.access_log import AccessLog
from shadowgate.service import GatewayService

DEFAULT_LISTEN = "tcp:8000"
DEFAULT_ADMIN = "tcp:9900:interface=127.0.0.1"


class OwnVersion:
    """Makes ``--version`` tell the gateway's version; Twisted's options would tell Twisted's."""

    def opt_version(self) -> None:
        """Display the version and exit."""
        sys.stdout.write(f"shadowgate {__version__}\n")
        raise SystemExit(0)


class Options(OwnVersion, usage.Options):
    """Command line of the gateway; ``run`` of the console script has the same."""

    synopsis = "[options]"
    longdesc = "An HTTP gateway that mirrors traffic: the primary answers, a copy goes to the version under trial."
    optParameters = [  # noqa: RUF012
        ["admin", None, DEFAULT_ADMIN, "Server endpoint of the admin API, or 'none'."],
        ["access-log", None, "-", "Where access lines go: a path (reopened on SIGUSR1), '-' for stdout, or 'none'."],
        ["trusted-hops", None, 0, "Proxies in front whose X-Forwarded-* are believed; 0 replaces the client's.", int],
        ["shadow-suffix", None, "-shadow", "Put before the port of a shadow's Host; '' leaves the Host alone."],
        ["server-header", None, "", "The Server field given to clients; '' lets the upstream's through."],
        ["locality", None, "", "Where the gateway runs, as region/zone/subzone, for locality-aware balancing."],
        ["via", None, "", "The gateway's name in Via fields towards upstreams; '' adds none."],
        ["drain-timeout", None, 30.0, "Seconds that requests under way may take after SIGTERM.", float],
    ]

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self["config"] = []
        self["listen"] = []
        self["name-server"] = []

    def opt_config(self, path: str) -> None:
        """A YAML file, or a directory of them (read recursively); may be given several times."""
        self["config"].append(abspath(path))

    opt_c = opt_config

    def opt_listen(self, endpoint: str) -> None:
        """A Twisted server endpoint string such as tcp:8000 or unix:/run/gate.sock; may be given several times.

        Default: tcp:8000, unless the configuration has listeners of its own.
        """
        self["listen"].append(endpoint)

    opt_l = opt_listen

    def opt_name_server(self, address: str) -> None:
        """Who is asked for names, as ADDRESS or ADDRESS:PORT; may be given several times.  Default: the system's."""
        host, _, port = address.rpartition(":") if address.count(":") == 1 else (address, "", "53")
        if not port.isascii() or not port.isdecimal():
            raise usage.UsageError(f"--name-server {address}: the port is not a number")
        self["name-server"].append((host, int(port)))

    def postOptions(self) -> None:
        if not self["config"]:
            raise usage.UsageError("say where the configuration is: --config PATH")

    @property
    def settings(self) -> Settings:
        return Settings(
            trusted_hops=self["trusted-hops"],
            server=self["server-header"],
            via=self["via"],
            shadow_suffix=self["shadow-suffix"],
            locality=self["locality"],
            name_servers=tuple(self["name-server"]),
        )


def makeService(options: Options) -> GatewayService:
    """Return the service, its configuration loaded; ``SystemExit`` with one line per problem otherwise."""
    from twisted.internet import reactor

    return make_service(options, reactor)


def make_service(options: Options, reactor: Any) -> GatewayService:
    """The same on a reactor of the caller's."""
    gateway: Gateway

    def lost(lines: int) -> None:
        gateway.stats.log_lines_lost += lines

    path = options["access-log"]
    try:
        sink = None if path == "none" else LineSink(path, lost)
    except OSError as wrong:
        raise SystemExit(f"shadowgate: cannot write the access log {path}: {wrong.strerror}") from None
    access_log = None if sink is None else AccessLog(reactor, sink.write)
    gateway = Gateway(
        reactor,
        Catalog.discover(),
        options.settings,
        options["listen"],
        access_log=access_log,
        background=Background(reactor),
    )
    admin = None if options["admin"] == "none" else options["admin"]
    service = GatewayService(gateway, reactor, options["config"], admin, sink, options["drain-timeout"])
    service.load()
    gateway.listen_by_default(DEFAULT_LISTEN)
    return service
