"""``twistd shadowgate``: options in, service out."""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Callable
from io import FileIO
from ipaddress import ip_address
from typing import Any

from twisted.python import usage

from shadowgate import __version__
from shadowgate.admin.access import Access
from shadowgate.background import Background
from shadowgate.config.catalog import Catalog
from shadowgate.config.command_line import (
    read_count,
    read_field_value,
    read_host_suffix,
    read_locality,
    read_name_server,
    read_path,
    read_pseudonym,
    read_seconds,
    read_workers,
)
from shadowgate.config.limits import limits_table, read_limit, read_timeout
from shadowgate.gateway import Gateway
from shadowgate.model import Limits, Settings, Timeouts
from shadowgate.net.background_file import BackgroundFile, as_text
from shadowgate.net.sink import LineSink, open_lines
from shadowgate.notify import announce
from shadowgate.objects.disk import Disk, StoreError
from shadowgate.objects.store import Store
from shadowgate.runtime.access_log import AccessLog
from shadowgate.service import GatewayService
from shadowgate.workers.supervisor import Supervisor

DEFAULT_LISTEN = "tcp:8000"
DEFAULT_ADMIN = "tcp:9900:interface=127.0.0.1"


def _read(option: str, read: Callable[[str], Any]) -> Callable[[str], Any]:
    """Let Twisted read an option's value, and tell which one it was where that is none."""

    def coerce(text: str) -> Any:
        try:
            return read(text)
        except ValueError as wrong:
            shown = text if text.isprintable() else repr(text)
            raise usage.UsageError(f"--{option} {shown}: {wrong}") from None

    return coerce


def _parameter(option: str, default: Any, about: str, read: Callable[[str], Any]) -> list[Any]:
    return [option, None, default, about, _read(option, read)]


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
        _parameter("admin-token-file", None, "A file with the token that the admin API is to ask for.", read_path),
        _parameter("store", None, "A directory that keeps the objects applied to the running gateway.", read_path),
        ["access-log", None, "-", "Where access lines go: a path (reopened on SIGUSR1), '-' for stdout, or 'none'."],
        _parameter(
            "trusted-hops", 0, "Proxies in front whose X-Forwarded-* are believed; 0 replaces the client's.", read_count
        ),
        _parameter(
            "shadow-suffix",
            None,
            "Put before the port of a shadow's Host; '' leaves the Host alone. Default: nothing for mirrors of an "
            "HTTPRoute, -shadow for all others.",
            read_host_suffix,
        ),
        _parameter(
            "server-header", "", "The Server field given to clients; '' lets the upstream's through.", read_field_value
        ),
        _parameter(
            "locality",
            "",
            "Where the gateway runs, as region/zone/subzone, for locality-aware balancing.",
            read_locality,
        ),
        _parameter("via", "", "The gateway's name in Via fields towards upstreams; '' adds none.", read_pseudonym),
        _parameter("workers", 1, "Processes that serve: a number, or 'auto' for one on each core.", read_workers),
        _parameter("drain-timeout", 30.0, "Seconds that requests under way may take after SIGTERM.", read_seconds),
    ]

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self["config"] = []
        self["listen"] = []
        self["name-server"] = []
        self["limit"] = {}
        self["timeout"] = {}
        self["upgrades"] = Settings().upgrades
        self["bind"] = ""
        self["map-port"] = {}

    def opt_config(self, path: str) -> None:
        """A YAML file, or a directory of them (read recursively); may be given several times."""
        self["config"].append(_read("config", read_path)(path))

    opt_c = opt_config

    def opt_listen(self, endpoint: str) -> None:
        """A Twisted server endpoint string such as tcp:8000 or unix:/run/gate.sock; may be given several times.

        Default: tcp:8000, unless the configuration has listeners of its own.
        """
        self["listen"].append(endpoint)

    opt_l = opt_listen

    def opt_bind(self, address: str) -> None:
        """The address that ports of the configuration are opened on.  Default: all addresses of the machine.

        It is not for --listen, which says it all, nor for listeners that have an address of their own.
        """
        try:
            self["bind"] = str(ip_address(address))
        except ValueError:
            raise usage.UsageError(f"--bind {address}: this is not an IP address") from None

    def opt_map_port(self, ports: str) -> None:
        """A port to open in place of one in the configuration, as 80=8080; may be given several times.

        Redirects and conditions on the port still speak of the one in the configuration.
        """
        declared, _, opened = ports.partition("=")
        numbers = [int(text) if text.isascii() and text.isdecimal() else -1 for text in (declared, opened)]
        if not 1 <= numbers[0] <= 65535 or not 0 <= numbers[1] <= 65535:
            raise usage.UsageError(f"--map-port {ports}: write two ports, such as 80=8080")
        self["map-port"][numbers[0]] = numbers[1]

    def opt_name_server(self, address: str) -> None:
        """Who is asked for names, as ADDRESS or ADDRESS:PORT; may be given several times.  Default: the system's."""
        self["name-server"].append(_read("name-server", read_name_server)(address))

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

    def opt_timeout(self, timeout: str) -> None:
        """How long an exchange may take where its rule does not say, as NAME=DURATION; may be given several times.

        Default: connect=10s, response=60s, idle=5m, request=0, attempt=0; 0 is no bound.
        """
        try:
            name, seconds = read_timeout(timeout)
        except ValueError as wrong:
            raise usage.UsageError(f"--timeout {timeout}: {wrong}") from None
        self["timeout"][name] = seconds

    def opt_help_limits(self) -> None:
        """Display every limit with its default, and exit."""
        for name, default, bounds in limits_table():
            sys.stdout.write(f"{name:<26}{default:<12}{bounds}\n")
        raise SystemExit(0)

    def postOptions(self) -> None:
        if not self["config"] and self["store"] is None and self["admin"] == "none":
            message = (
                "say where the configuration is: --config PATH, or --store DIR for objects that were applied before"
            )
            raise usage.UsageError(message)

    @property
    def waits(self) -> str:
        """What the gateway waits for where nobody has said what to serve; empty where somebody has."""
        if self["config"] or self["store"] is not None:
            return ""
        where = f"waits for objects at the admin API, {self['admin']}"
        return f"shadowgate: neither --config nor --store: {where}, and keeps them in memory only"

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
            bind=self["bind"],
            port_map=self["map-port"],
            name_servers=tuple(self["name-server"]),
            timeouts=Timeouts(**self["timeout"]),
            limits=Limits(**self["limit"]),
        )


def makeService(options: Options) -> GatewayService | Supervisor:
    """Return the service, its configuration loaded; ``SystemExit`` with one line per problem otherwise."""
    from twisted.internet import reactor

    if options.parent is not None and logs_to_stdout(options.parent):
        # What it will make its log of, as soon as there is a service.
        log = BackgroundFile(open_lines("-"))
        sys.stdout = as_text(log)
        reactor.addSystemEventTrigger("after", "shutdown", log.finish)
        atexit.register(log.close)
    return make_service(options, reactor)


def logs_to_stdout(twistd: Any) -> bool:
    """Whether twistd, run with these options, writes its log to standard output, and does not fork before."""
    elsewhere = twistd.get("logger") or twistd.get("syslog") or twistd.get("logfile") not in (None, "-")
    return bool(twistd.get("nodaemon")) and not elsewhere


def make_service(options: Options, reactor: Any) -> GatewayService | Supervisor:
    """The same on a reactor of the caller's."""
    if options.waits:
        sys.stderr.write(f"{options.waits}\n")
    if options["workers"] == 1:
        service = _one_process(options, reactor)
        announce(service.gateway, reactor, os.environ)
        return service
    supervisor = _workers(options, reactor)
    announce(supervisor, reactor, os.environ)
    return supervisor


def _one_process(options: Options, reactor: Any) -> GatewayService:
    path = options["access-log"]
    sink = None if path == "none" else LineSink(path, _open_log(path))
    access_log = None if sink is None else AccessLog(reactor, sink.write)
    gateway = Gateway(
        reactor,
        Catalog.discover(),
        options.settings,
        options["listen"],
        access_log=access_log,
        background=Background(reactor),
    )
    if sink is not None:
        gateway.stats.log_lines_lost = lambda: sink.lost
    service = GatewayService(
        gateway,
        reactor,
        options["config"],
        options.admin,
        sink,
        options["drain-timeout"],
        store=_open_store(options["store"]),
    )
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
        store=_open_store(options["store"]),
    )
    service.load()
    return service


def _open_store(path: str | None) -> Store:
    try:
        return Store() if path is None else Store(Disk(path))
    except StoreError as wrong:
        raise SystemExit(f"shadowgate: {wrong}") from None


def _open_log(path: str) -> FileIO:
    try:
        return open_lines(path)
    except OSError as wrong:
        raise SystemExit(f"shadowgate: cannot write the access log {path}: {wrong.strerror}") from None
