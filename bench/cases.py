"""What is asked of every gateway."""

from __future__ import annotations

from collections.abc import Sequence

import configurations
from attrs import field, frozen
from backends import LARGE_PATH, READ_PATH, Asked
from peers import Scene

TWENTY = {
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Encoding": "gzip, deflate, br",
    "Accept-Language": "en-GB,en;q=0.5",
    "Cache-Control": "no-cache",
    "Cookie": "session=4be1f2a07c8d4f5e9a3b6c7d8e9f0a1b; theme=dark; consent=1",
    "DNT": "1",
    "Origin": "https://shop.example.com",
    "Pragma": "no-cache",
    "Referer": "https://shop.example.com/basket?step=2",
    "Sec-Fetch-Dest": "document",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Site": "same-origin",
    "Sec-Fetch-User": "?1",
    "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "tracestate": "congo=t61rcWkgMzE",
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "X-Api-Key": "0d1e2f3a4b5c6d7e8f90",
    "X-Client-Version": "2026.11.3",
    "X-Tenant": "blue",
}
"""With Host, twenty fields as a browser behind a gateway sends them."""


@frozen
class Case:
    """One line of the comparison.  ``shares`` are the mirrors', in percent."""

    name: str
    asked: Asked = field(factory=Asked)
    shares: tuple[int, ...] = ()
    rules: int = 1
    workers: int = 1
    host: str = "bench.example.com"

    def scene(self, primary: int, mirrors: Sequence[int]) -> Scene:
        """Return what the gateways are to do, given the ports of the backends."""
        return Scene(primary, tuple(zip(mirrors, self.shares, strict=True)), self.rules, self.workers)


MIRRORED = (100,)

CASES = (
    Case("GET"),
    Case("GET, mirrored", shares=MIRRORED),
    Case("POST 4 KiB, mirrored", Asked(READ_PATH, method="POST", body=4096), MIRRORED),
    Case("POST 1 MiB, mirrored", Asked(READ_PATH, method="POST", body=1024 * 1024, connections=8), MIRRORED),
    Case("GET, answer of 1 MiB", Asked(LARGE_PATH, connections=8)),
    Case("GET with 20 fields, mirrored", Asked(fields=TWENTY), MIRRORED),
    Case("GET, each with fields of its own, mirrored", Asked(traced=True), MIRRORED),
    Case("GET, a connection for each", Asked(fields={"Connection": "close"})),
    Case("GET, a connection for each, mirrored", Asked(fields={"Connection": "close"}), MIRRORED),
    Case("GET, 1 connection", Asked(connections=1)),
    Case("GET, mirrored, 1 connection", Asked(connections=1), MIRRORED),
    Case("GET, mirrored, 512 connections", Asked(connections=512), MIRRORED),
    Case(
        "GET, 10,000 rules",
        Asked(configurations.matching_paths()[-1]),
        rules=configurations.HOSTS * configurations.RULES_PER_HOST,
        host=configurations.host(configurations.HOSTS // 2),
    ),
    Case("GET, two mirrors at 10 %", shares=(10, 10)),
    Case("GET, mirrored, two workers", shares=MIRRORED, workers=2),
)
