"""Charts as rows of HTML and small SVGs. Lengths along x are in per cent and text is not scaled, so a chart is readable at any width;
colours are classes of page.css, so it is readable in both colour schemes."""
import math

from .html import escape

KIND_CLASS = {"linear": "c1", "look-up": "c2", "comparison": "c3", "opening": "c4", "waiting for the dealer": "c5", "other": "c0"}
PART_CLASS = {"norm": "p1", "attention": "p2", "mlp": "p3", "head": "p4", "other": "p0"}
RANK_CLASS = {"dealing": "c6", "waiting for room": "ca", "embedding": "c7", "logits": "c8", "sampling": "c9"}
SERIES_CLASS = {"v2": "s1", "v3": "s2", "v3-ot": "s3", "v3-mpc": "s4", "v3-cc": "s5", "plain": "s6"}


def nice_ticks(top, about=5):
    """Round numbers from 0 to at least `top`."""
    if top <= 0:
        return [0, 1]
    step = 10 ** math.floor(math.log10(top / about))
    step *= next(f for f in (1, 2, 5, 10) if top / (step * f) <= about)
    return [i * step for i in range(math.ceil(top / step - 1e-9) + 1)]


def tick_text(value):
    return f"{value:g}" if value < 10000 else f"{value:,.0f}".replace(",", " ")


def at(value, top):
    return f"{100 * value / top:.3f}%"


def axis(ticks, unit):
    marks = []
    for i, tick in enumerate(ticks):
        last = i == len(ticks) - 1
        dropped = (len(ticks) - 1 - i) % 2  # where the page is narrow: every second, beginning before the last, which has the unit
        side = ' class="first"' if i == 0 else ' class="last"' if last else ' class="odd"' if dropped else ""
        marks.append(f'<span style="left:{at(tick, ticks[-1])}"{side}>{tick_text(tick)}{"&nbsp;" + escape(unit) if last else ""}</span>')
    return f'<div class="row"><div class="axis">{"".join(marks)}</div></div>'


def grid_lines(ticks, height):
    return "".join(f'<line class="grid" x1="{at(t, ticks[-1])}" x2="{at(t, ticks[-1])}" y1="0" y2="{height}"/>' for t in ticks)


def chart_row(label, svg, value, height):
    return (f'<div class="row"><div class="label">{escape(label)}</div><div class="plot"><svg width="100%" height="{height}" aria-hidden="true">{svg}</svg></div>'
            f'<div class="value">{escape(value)}</div></div>')


def legend(classes):
    return '<ul class="legend">' + "".join(f'<li><i class="{css}"></i>{escape(name)}</li>' for name, css in classes.items()) + "</ul>"


def bars(rows, unit):
    """A bar a row: (label, text of the value, mean, std, p95, values of all runs); std, p95 and values may be missing."""
    top_of = lambda row: max([row[2] + (row[3] or 0), row[4] or 0, *(row[5] or [])])
    ticks, height = nice_ticks(max(map(top_of, rows))), 30
    top, made = ticks[-1], []
    for label, value, mean, std, p95, values in rows:
        svg = grid_lines(ticks, height) + f'<rect class="bar" x="0" y="6" width="{at(mean, top)}" height="18"/>'
        svg += "".join(f'<circle class="dot" cx="{at(v, top)}" cy="15" r="2.2"/>' for v in values or [])
        if std:
            low, high = at(max(mean - std, 0), top), at(mean + std, top)
            svg += f'<line class="whisker" x1="{low}" x2="{high}" y1="15" y2="15"/>'
            svg += "".join(f'<line class="whisker" x1="{x}" x2="{x}" y1="10" y2="20"/>' for x in (low, high))
        if p95 is not None:
            svg += f'<line class="p95" x1="{at(p95, top)}" x2="{at(p95, top)}" y1="3" y2="27"/>'
        made.append(chart_row(label, svg, value, height))
    return f'<div class="chart">{"".join(made)}{axis(ticks, unit)}</div>'


def stacked(rows, classes, unit):
    """A bar a row, of pieces: (label, text of the sum, {name: amount}); classes: {name: CSS class} in their order."""
    ticks, height = nice_ticks(max(sum(pieces.values()) for _, _, pieces in rows)), 30
    top, made = ticks[-1], []
    for label, value, pieces in rows:
        svg, x, whole = grid_lines(ticks, height), 0.0, sum(pieces.values())
        for name, css in classes.items():
            amount = pieces.get(name, 0)
            if amount <= 0:
                continue
            svg += (f'<rect class="{css}" x="{at(x, top)}" y="5" width="{at(amount, top)}" height="20">'
                    f"<title>{escape(name)}: {amount:.4g} {escape(unit)}, {100 * amount / whole:.1f} %</title></rect>")
            if amount / top >= 0.06:
                svg += f'<text class="inside on-{css}" x="{at(x + amount / 2, top)}" y="19">{100 * amount / whole:.0f}<tspan class="wide">&#8201;%</tspan></text>'
            x += amount
        made.append(chart_row(label, svg, value, height))
    return legend(classes) + f'<div class="chart">{"".join(made)}{axis(ticks, unit)}</div>'


def spread(rows):
    """Runs in their order, a row a protocol: (label, text, CSS class, values over their mean). All rows share one scale, around 1."""
    reach = max((abs(v - 1) for row in rows for v in row[3]), default=0) or 0.01
    height, made = 44, []
    y = lambda v: 22 - 18 * (v - 1) / reach
    for label, value, css, values in rows:
        x = lambda i: f"{100 * (i + 0.5) / len(values):.3f}%"
        svg = '<line class="grid" x1="0" x2="100%" y1="22" y2="22"/>'
        svg += "".join(f'<line class="path {css}" x1="{x(i)}" y1="{y(a):.1f}" x2="{x(i + 1)}" y2="{y(b):.1f}"/>' for i, (a, b) in enumerate(zip(values, values[1:])))
        svg += "".join(f'<circle class="mark {css}" cx="{x(i)}" cy="{y(v):.1f}" r="2.6"><title>run {i}: {100 * (v - 1):+.1f} %</title></circle>' for i, v in enumerate(values))
        made.append(chart_row(label, svg, value, height))
    ends = '<div class="row"><div class="axis plain"><span class="first" style="left:0">first run</span><span class="last" style="left:100%">last run</span></div></div>'
    return f'<p class="scale">Top and bottom of each row: {100 * reach:.1f} % above and below the protocol\'s mean.</p><div class="chart">{"".join(made)}{ends}</div>'


def log_ticks(low, high, every=(1, 2, 5)):
    """Round numbers around a range of positive ones; only powers of ten where that is enough of them."""
    if high / low > 300:
        every = (1,)
    ticks = [m * 10 ** e for e in range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 1) for m in every]
    first = max([t for t in ticks if t <= low * 1.0001], default=ticks[0])
    last = min([t for t in ticks if t >= high * 0.9999], default=ticks[-1])
    return [t for t in ticks if first <= t <= last] if first < last else [first, first * 2]


def log_log(series, x_unit, y_unit):
    """Lines through points: {name: (CSS class, [(x, y), ...])}, both axes logarithmic."""
    xs, ys = ([p[i] for _, points in series.values() for p in points] for i in (0, 1))
    x_ticks, y_ticks, height = log_ticks(min(xs), max(xs)), log_ticks(min(ys), max(ys)), 260
    place = lambda v, ticks: (math.log(v) - math.log(ticks[0])) / (math.log(ticks[-1]) - math.log(ticks[0]))
    px, py = lambda v: f"{100 * place(v, x_ticks):.3f}%", lambda v: f"{height - 8 - (height - 16) * place(v, y_ticks):.1f}"
    svg = "".join(f'<line class="grid" x1="{px(t)}" x2="{px(t)}" y1="0" y2="{height}"/>' for t in x_ticks)
    svg += "".join(f'<line class="grid" x1="0" x2="100%" y1="{py(t)}" y2="{py(t)}"/>' for t in y_ticks)
    for name, (css, points) in series.items():
        points = sorted(points)
        svg += "".join(f'<line class="path {css}" x1="{px(a[0])}" y1="{py(a[1])}" x2="{px(b[0])}" y2="{py(b[1])}"/>' for a, b in zip(points, points[1:]))
        svg += "".join(f'<circle class="mark {css}" cx="{px(x)}" cy="{py(y)}" r="3.5"><title>{escape(name)}: {y:.4g} {escape(y_unit)} at {x:.3g} {escape(x_unit)}</title></circle>' for x, y in points)
    y_labels = "".join(f'<span style="top:{py(t)}px">{tick_text(t)}</span>' for t in y_ticks)
    x_labels = "".join(f'<span style="left:{px(t)}"{" class=last" if t == x_ticks[-1] else " class=first" if t == x_ticks[0] else ""}>{tick_text(t)}</span>' for t in x_ticks)
    return (legend({name: css for name, (css, _) in series.items()}) + f'<p class="scale">{escape(y_unit)}</p><div class="xy"><div class="ys" style="height:{height}px">{y_labels}</div>'
            f'<svg width="100%" height="{height}" aria-hidden="true">{svg}</svg><div></div><div class="axis">{x_labels}</div></div><p class="scale below">{escape(x_unit)}</p>')
