"""``python -m soak [--minutes N] [--seed S] [--clients N] [-- OPTIONS OF THE GATEWAY]``: see docs/operate/soak.md.

Exit status 0 when every answer was right and nothing has grown, 1 otherwise.
"""

from __future__ import annotations

import argparse
import sys
from secrets import token_hex

from soak.report import header, report, row
from soak.run import lengths, soaking


def main() -> int:
    parser = argparse.ArgumentParser(prog="soak", description="Hours of bad weather for one gateway.")
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seed", default=token_hex(4))
    parser.add_argument("--clients", type=int, default=24)
    parser.add_argument("--pause", type=float, default=0.03, help="mean seconds between two visits of a client")
    parser.add_argument("gateway", nargs="*", help="options of the gateway, after --")
    given = parser.parse_args()
    say(f"seed {given.seed}, {given.minutes:g} minutes, {given.clients} clients {' '.join(given.gateway)}")
    with soaking(given.seed, given.clients, given.pause, given.gateway) as soak:
        say(header())
        for number, seconds in enumerate(lengths(given.minutes * 60)):
            say(row("warm-up" if number == 0 else str(number), soak.round(seconds)))
        soak.conclude()
        for line in report(soak.outcome):
            say(line)
        return 0 if soak.outcome.good else 1


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
