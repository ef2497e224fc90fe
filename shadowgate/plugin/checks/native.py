"""SG04: ShadowGate's own short form."""

from __future__ import annotations

from typing import Final

from shadowgate.plugin.checks import Check

CLUSTER_NAME: Final = Check(
    "SG0401",
    "This cannot be the name of a cluster.",
    "Destinations are written `cluster/subset:port` in short, so a name has no space, slash or colon in it.",
)
NO_DESTINATION: Final = Check(
    "SG0402",
    "A rule does not say what becomes of its requests.",
    "Give it `to` with a cluster, or a filter that answers, such as `respond` or `redirect`.",
)
PERCENT_TWICE: Final = Check(
    "SG0403",
    "The share of a mirror is said twice.",
    "`percent` stands beside the policy in `by` or is one of its options; write it in one place.",
)
ENDPOINT: Final = Check(
    "SG0404",
    "This is not an endpoint.",
    "Write an address with its port, `127.0.0.1:8001`, `[::1]:8001` or `host:8001`, or a Unix socket, "
    "`unix:/run/web.sock`, which has none.",
)
PATH: Final = Check(
    "SG0405",
    "A condition on the path does not say how it is compared.",
    "Write exactly one of `exact`, `prefix`, `segments` and `regex`. `prefix: /api` also means `/apis`; "
    "`segments: /api` does not.",
)
DESTINATION: Final = Check(
    "SG0406",
    "This is not a destination.",
    "Write a cluster's name, with `/subset` or `:port` behind it where they matter.",
)
MIRROR_HOST: Final = Check(
    "SG0407",
    "A mirror's Host is said twice.",
    "`suffix` changes the Host of the copy and `host` replaces it; write one of them.",
)
HOST: Final = Check(
    "SG0408",
    "This is not the host of a route.",
    'Hosts are names without scheme and port, `*.suffix` for all names below one, or `"*"` for all of them.',
)
LOOSE: Final = Check(
    "SG0409",
    "A route has rules and beside them what belongs into a rule.",
    "A route is either one rule or a list of them under `rules`; move what stands beside the list into a rule.",
)
RESOLUTION: Final = Check(
    "SG0410",
    "An address is not looked up like this.",
    "`resolution: dns` looks names up as addresses, `dns-srv` as service records: there all addresses are such as "
    "`_http._tcp.example.com`, without a port, and elsewhere none is.",
)
LOCALITY: Final = Check(
    "SG0411",
    "This is not where an endpoint is.",
    "Write `region`, `region/zone` or `region/zone/subzone`, without empty parts and wildcards.",
)
HEALTH: Final = Check(
    "SG0412",
    "This is not a health check.",
    "Say `http` with a path, or `tcp`. On one line, and in the annotation `shadowgate.io/health-check` of a Service or "
    "ServiceEntry: `http:/healthz interval=5s status=200-399`, or `tcp`.",
)
COPY_HOST: Final = Check(
    "SG0413",
    "A copy could not be sent with this Host.",
    "What a mirror puts in `suffix` or `host` is sent as a Host (RFC 9110 section 7.2): letters, digits, dots and "
    "hyphens, or an address, and with `host` a port behind them.",
)
