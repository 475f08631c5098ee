"""
Lines over logarithmic axes, as SVG.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from html import escape

Points = Sequence[tuple[float, float]]

_WIDTH, _HEIGHT = 380, 320
_LEFT, _TOP = 52, 28
_COLOURS = (
    "#0b6e99",
    "#d1495b",
    "#2e7d32",
    "#8e5ea2",
    "#e08e0b",
    "#555555",
    "#00897b",
    "#6d4c41",
    "#3949ab",
    "#c2185b",
)
_DASHES = ("", "6 3")


def panels(title_and_lines: Sequence[tuple[str, Callable[[float], str], Mapping[str, Points]]]) -> str:
    """
    Panels side by side, with one legend below, as a picture of its own.

    Args:
        title_and_lines: of each panel its title, the text of a value, and its lines by name; the same names in each.
    """
    names = list(dict.fromkeys(name for _, _, lines in title_and_lines for name in lines))
    width = len(title_and_lines) * (_LEFT + _WIDTH + 20)
    height = _TOP + _HEIGHT + 40 + 18 * math.ceil(len(names) / 4) + 8
    body = [_panel(number, *panel, names) for number, panel in enumerate(title_and_lines)]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" '
        f'font-size="12">\n<rect width="{width}" height="{height}" fill="white"/>\n'
        f"{''.join(body)}{_legend(names)}</svg>\n"
    )


def _panel(
    number: int, title: str, text: Callable[[float], str], lines: Mapping[str, Points], names: Sequence[str]
) -> str:
    left = number * (_LEFT + _WIDTH + 20) + _LEFT
    xs = [x for points in lines.values() for x, _ in points]
    ys = [y for points in lines.values() for _, y in points if y > 0]
    if not xs or not ys:
        return ""
    across, up = _Axis(xs, left, left + _WIDTH), _Axis(ys, _TOP + _HEIGHT, _TOP)
    parts = [f'<text x="{left}" y="{_TOP - 10}" font-weight="bold">{escape(title)}</text>\n']
    for value in across.ticks():
        at = across.place(value)
        parts.append(f'<path d="M{at:.1f} {_TOP}V{_TOP + _HEIGHT}" stroke="#ddd"/>')
        anchor = "middle" if at < left + _WIDTH - 1 else "end"  # the last one would run over the picture's edge
        parts.append(f'<text x="{at:.1f}" y="{_TOP + _HEIGHT + 16}" text-anchor="{anchor}">{value:,.0f}</text>\n')
    for value in up.ticks():
        at = up.place(value)
        parts.append(f'<path d="M{left} {at:.1f}H{left + _WIDTH}" stroke="#ddd"/>')
        parts.append(f'<text x="{left - 6}" y="{at + 4:.1f}" text-anchor="end">{escape(text(value))}</text>\n')
    for name, points in lines.items():
        way = " ".join(f"{across.place(x):.1f},{up.place(y):.1f}" for x, y in points if y > 0)
        parts.append(f'<polyline points="{way}" fill="none" stroke-width="2"{_look(names.index(name))}/>\n')
    return "".join(parts)


class _Axis:
    """From whole power of ten to whole power of ten, between two places."""

    def __init__(self, values: Sequence[float], begin: float, end: float) -> None:
        self.low = math.floor(math.log10(min(values)) + 1e-9)
        self.high = max(math.ceil(math.log10(max(values)) - 1e-9), self.low + 1)
        self._begin, self._end = begin, end

    def place(self, value: float) -> float:
        share = (math.log10(value) - self.low) / (self.high - self.low)
        return self._begin + share * (self._end - self._begin)

    def ticks(self) -> list[float]:
        return [10.0**power for power in range(self.low, self.high + 1)]


def _look(number: int) -> str:
    dash = _DASHES[number // len(_COLOURS) % len(_DASHES)]
    return f' stroke="{_COLOURS[number % len(_COLOURS)]}"' + (f' stroke-dasharray="{dash}"' if dash else "")


def _legend(names: Sequence[str]) -> str:
    parts = []
    for number, name in enumerate(names):
        x, y = _LEFT + number % 4 * 200, _TOP + _HEIGHT + 44 + number // 4 * 18
        parts.append(f'<path d="M{x} {y}h24" stroke-width="2"{_look(number)}/>')
        parts.append(f'<text x="{x + 30}" y="{y + 4}">{escape(name)}</text>\n')
    return "".join(parts)
