"""``twistd shadowgate``: options in, service out."""

from __future__ import annotations

import os
import sys
from os.path import abspath
from typing import Any, BinaryIO

from twisted.python import usage

from shadowgate import __version__
from shadowgate.admin.access import Access
from shadowgate.background import Background
from shadowgate.config.catalog import Catalog
from shadowgate.config.limits import limits_table, read_limit
from shadowgate.gateway import Gateway
from shadowgate.model import Limits, Settings
from shadowgate.net.sink import LineSink, open_lines
from shadowgate.notify import announce
from shadowgate.runtime.access_log import AccessLog
from shadowgate.service import GatewayService
from shadowgate.workers.supervisor import Supervisor

DEFAULT_LISTEN = "tcp:8000"
MOST_WORKERS = 1024
DEFAULT_ADMIN = "tcp:9900:interface=127.0.0.1"


def workers_wanted(text: str) -> int:
    """Return the number of processes that ``--workers`` means."""
    number = len(os.sched_getaffinity(0)) if text == "auto" else int(text)
    if not 1 <= number <= MOST_WORKERS:
        raise ValueError(f"a number from 1 to {MOST_WORKERS}, or auto")
    return number


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
    optFlags = [  # noqa: RUF012
        ["normalize-path", None, "Resolve dot segments and needless escapes of paths before routing."],
    ]
    optParameters = [  # noqa: RUF012
        ["admin", None, DEFAULT_ADMIN, "Server endpoint of the admin API, or 'none'."],
        ["admin-token-file", None, None, "A file with the token that the admin API is to ask for.", abspath],
        ["access-log", None, "-", "Where access lines go: a path (reopened on SIGUSR1), '-' for stdout, or 'none'."],
        ["trusted-hops", None, 0, "Proxies in front whose X-Forwarded-* are believed; 0 replaces the client's.", int],
        ["shadow-suffix", None, "-shadow", "Put before the port of a shadow's Host; '' leaves the Host alone."],
        ["server-header", None, "", "The Server field given to clients; '' lets the upstream's through."],
        ["locality", None, "", "Where the gateway runs, as region/zone/subzone, for locality-aware balancing."],
        ["via", None, "", "The gateway's name in Via fields towards upstreams; '' adds none."],
        ["workers", None, 1, "Processes that serve: a number, or 'auto' for one on each core.", workers_wanted],
        ["drain-timeout", None, 30.0, "Seconds that requests under way may take after SIGTERM.", float],
    ]

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self["config"] = []
        self["listen"] = []
        self["name-server"] = []
        self["limit"] = {}
        self["upgrades"] = Settings().upgrades

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

    def opt_upgrades(self, protocols: str) -> None:
        """Protocols that HTTP/1.1 clients may change to, as A,B,C or 'none'.  Default: websocket."""
        wanted = () if protocols == "none" else tuple(each.strip().lower() for each in protocols.split(","))
        try:
            self["upgrades"] = Settings(upgrades=wanted).upgrades
        except ValueError as wrong:
            raise usage.UsageError(f"--upgrades {protocols}: {wrong}") from None

    def opt_limit(self, limit: str) -> None:
        """A bound as NAME=VALUE, such as header-bytes=32KiB; may be given several times.  See --help-limits."""
        try:
            name, value = read_limit(limit)
        except ValueError as wrong:
            raise usage.UsageError(f"--limit {limit}: {wrong}") from None
        self["limit"][name] = value

    def opt_help_limits(self) -> None:
        """Display every limit with its default, and exit."""
        for name, default, bounds in limits_table():
            sys.stdout.write(f"{name:<26}{default:<12}{bounds}\n")
        raise SystemExit(0)

    def postOptions(self) -> None:
        if not self["config"]:
            raise usage.UsageError("say where the configuration is: --config PATH")

    @property
    def admin(self) -> Access | None:
        """Where the admin API is and who may ask; ``SystemExit`` with one line where that would be anybody."""
        try:
            return None if self["admin"] == "none" else Access.of(str(self["admin"]), self["admin-token-file"])
        except ValueError as wrong:
            raise SystemExit(f"shadowgate: {wrong}") from None

    @property
    def settings(self) -> Settings:
        return Settings(
            trusted_hops=self["trusted-hops"],
            normalize_path=bool(self["normalize-path"]),
            server=self["server-header"],
            via=self["via"],
            shadow_suffix=self["shadow-suffix"],
            upgrades=self["upgrades"],
            locality=self["locality"],
            name_servers=tuple(self["name-server"]),
            limits=Limits(**self["limit"]),
        )


def makeService(options: Options) -> GatewayService | Supervisor:
    """Return the service, its configuration loaded; ``SystemExit`` with one line per problem otherwise."""
    from twisted.internet import reactor

    return make_service(options, reactor)


def make_service(options: Options, reactor: Any) -> GatewayService | Supervisor:
    """The same on a reactor of the caller's."""
    if options["workers"] == 1:
        service = _one_process(options, reactor)
        announce(service.gateway, reactor, os.environ)
        return service
    supervisor = _workers(options, reactor)
    announce(supervisor, reactor, os.environ)
    return supervisor


def _one_process(options: Options, reactor: Any) -> GatewayService:
    gateway: Gateway

    def lost(lines: int) -> None:
        gateway.stats.log_lines_lost += lines

    path = options["access-log"]
    sink = None if path == "none" else LineSink(path, lost, _open_log(path))
    access_log = None if sink is None else AccessLog(reactor, sink.write)
    gateway = Gateway(
        reactor,
        Catalog.discover(),
        options.settings,
        options["listen"],
        access_log=access_log,
        background=Background(reactor),
    )
    service = GatewayService(gateway, reactor, options["config"], options.admin, sink, options["drain-timeout"])
    service.load()
    gateway.listen_by_default(DEFAULT_LISTEN)
    return service


def _workers(options: Options, reactor: Any) -> Supervisor:
    path = options["access-log"]
    service = Supervisor(
        reactor,
        Catalog.discover(),
        options.settings,
        options["listen"],
        DEFAULT_LISTEN,
        options["config"],
        options["workers"],
        options.admin,
        path,
        # Opened here, while that may still be allowed; the workers write to it.
        None if path in ("none", "-") else _open_log(path),
        options["drain-timeout"],
    )
    service.load()
    return service


def _open_log(path: str) -> BinaryIO:
    try:
        return open_lines(path)
    except OSError as wrong:
        raise SystemExit(f"shadowgate: cannot write the access log {path}: {wrong.strerror}") from None
