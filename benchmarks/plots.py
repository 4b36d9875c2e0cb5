"""Curves as SVG: a few points each, drawn at equal distances, with their values written beside them."""

from collections.abc import Mapping, Sequence
from html import escape

from benchmarks.showing import number

_WIDTH, _HEIGHT, _LEFT, _TOP, _BOTTOM, _RIGHT = 640, 300, 60, 40, 50, 30
_COLOURS = ("#1f6feb", "#d1242f", "#1a7f37")

Points = Mapping[float, float]


def plot(title: str, horizontal: str, curves: Mapping[str, Points]) -> str:
    """Draw curves over the same places, from zero up; each is named at its last point."""
    places = sorted({place for points in curves.values() for place in points})
    highest = max(value for points in curves.values() for value in points.values()) * 1.1 or 1.0
    drawn = [
        _curve(
            name, [(_x(places, place), _y(value, highest), value) for place, value in sorted(points.items())], colour
        )
        for (name, points), colour in zip(curves.items(), _COLOURS, strict=False)
    ]
    return "\n".join([*_frame(title, horizontal, places), *drawn, "</svg>", ""])


def _x(places: Sequence[float], place: float) -> float:
    return _LEFT + (_WIDTH - _LEFT - _RIGHT) * (places.index(place) + 0.5) / len(places)


def _y(value: float, highest: float) -> float:
    return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * value / highest


def _frame(title: str, horizontal: str, places: Sequence[float]) -> list[str]:
    bottom = _HEIGHT - _BOTTOM
    style = 'font-family="system-ui, sans-serif" font-size="12"'
    return [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" {style} role="img">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
        _text(_LEFT, 22, title, 'font-weight="600"'),
        f'<path d="M{_LEFT} {_TOP}V{bottom}H{_WIDTH - _RIGHT}" fill="none" stroke="#888"/>',
        *(_text(_x(places, place), bottom + 18, f"{place:g}", 'text-anchor="middle"') for place in places),
        _text((_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 10, horizontal, 'text-anchor="middle"'),
    ]


def _curve(name: str, points: Sequence[tuple[float, float, float]], colour: str) -> str:
    path = "L".join(f"{x:.1f} {y:.1f}" for x, y, _ in points)
    marks = [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y, _ in points]
    values = [_text(x, y - 8, number(value), f'text-anchor="middle" fill="{colour}"') for x, y, value in points]
    x, y, _ = points[-1]
    label = _text(x, y + 18, name, f'text-anchor="end" fill="{colour}"')
    return "\n".join([f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"/>', *marks, *values, label])


def _text(x: float, y: float, words: str, more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" {more}>{escape(words)}</text>'
