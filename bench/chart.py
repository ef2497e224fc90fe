"""Bars as an SVG, drawn without a library: what each gateway spends on a request, case by case."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape

WIDTH, BAR, GAP, LEFT, RIGHT = 760, 16, 14, 150, 60
COLOURS = {
    "ShadowGate": "#2b6cb0",
    "ShadowGate, pure Python": "#63a4e0",
    "Envoy": "#9f6bb5",
    "nginx": "#4f9d69",
    "HAProxy": "#c98a3c",
    "twisted.web": "#8a8f98",
}


def bars(figures: Sequence[tuple[str, str, float]]) -> str:
    """Return the picture of ``(case, gateway, microseconds)``; each case has a scale of its own."""
    parts = list(_parts(figures))
    height = parts.pop()
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
        'font-family="sans-serif" font-size="12">\n'
        '<rect width="100%" height="100%" fill="#ffffff"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def _parts(figures: Sequence[tuple[str, str, float]]) -> Iterator[str]:
    y = 24
    yield f'<text x="8" y="{y}" font-weight="bold">Processor time of a request in the gateway, microseconds</text>'
    for case in dict.fromkeys(case for case, _, _ in figures):
        rows = [(peer, cost) for each, peer, cost in figures if each == case]
        most = max(cost for _, cost in rows)
        y += GAP + BAR
        yield f'<text x="8" y="{y}" font-weight="bold" fill="#333333">{escape(case)}</text>'
        for peer, cost in rows:
            y += BAR + 4
            length = max(1.0, (WIDTH - LEFT - RIGHT) * cost / most)
            yield f'<text x="{LEFT - 6}" y="{y}" text-anchor="end">{escape(peer)}</text>'
            yield f'<rect x="{LEFT}" y="{y - 12}" width="{length:.0f}" height="{BAR}" fill="{COLOURS[peer]}"/>'
            yield f'<text x="{LEFT + length + 5:.0f}" y="{y}">{cost:.0f}</text>'
    yield str(y + GAP)
