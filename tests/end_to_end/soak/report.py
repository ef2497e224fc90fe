"""What a run of the soak has found out, as lines to read."""

from __future__ import annotations

from soak.run import Outcome, Round

COLUMNS = ("round", "seconds", "visits", "exchanges", "shadows", "sockets", "files", "threads", "timeouts", "calls")


def header() -> str:
    return "  ".join(f"{name:>9}" for name in (*COLUMNS, "memory"))


def row(name: str, done: Round) -> str:
    rest = done.rest
    values = (
        name,
        f"{done.seconds:.0f}",
        f"{done.visits:,}",
        f"{done.exchanges:,}",
        f"{done.shadows:,}",
        *(f"{value:,}" for value in (rest.sockets, rest.files, rest.threads, rest.timeouts, rest.calls)),
        f"{rest.memory / 2**20:.1f} MiB",
    )
    return "  ".join(f"{value:>9}" for value in values)


def report(outcome: Outcome) -> list[str]:
    """Return what there is to say at the end."""
    lines = ["", f"{'visit':14}{'right':>9}{'refused':>9}{'cut':>9}{'left':>9}"]
    for name, tally in sorted(outcome.record.tallies.items()):
        lines.append(f"{name:14}{tally.right:>9,}{tally.refused:>9,}{tally.cut:>9,}{tally.left:>9,}")
    lines += ["", "weather: " + ", ".join(f"{number} {what}" for what, number in outcome.weather.items())]
    for name, sums in outcome.mirrors.items():
        lines.append(f"mirror {name}: " + ", ".join(f"{what} {number:,}" for what, number in sums.items()))
    lines += [f"slowest answer without a fault: {outcome.record.slowest:.2f} s", ""]
    lines += [f"WRONG {text}" for text in outcome.record.wrong]
    lines += [f"WRONG {text}" for text in outcome.faults]
    found = f"{outcome.record.wrongs} wrong answers, {len(outcome.faults)} other faults"
    lines.append("good" if outcome.good else found)
    return lines
