"""Timelines of one traced run: what each rank did when, over the whole run and within one layer of the prompt."""
from .charts import KIND_CLASS, RANK_CLASS, axis, chart_row, grid_lines, legend, nice_ticks
from .traces import LEAVES

COLUMNS = 300  # of a whole run: each shows what fills its share of the time
LANE = 34
CLIENT = ("embedding", "logits", "sampling")
CLASSES = {**KIND_CLASS, **RANK_CLASS}


def segments(rank, run):
    """(start, end, name) of a rank's run, apart from each other and in order: at each time the innermost region that has a colour."""
    found, stack, now = [], [], None
    chosen = (rank.run == run).nonzero()[0]
    events = zip(*(column[chosen].tolist() for column in (rank.start, rank.end, rank.names, rank.depth)))

    def until(t):
        nonlocal now
        if stack and stack[-1][1] and t > now:
            found.append((now, t, stack[-1][1]))
        now = max(now, t)

    for start, end, name, depth in events:
        now = start if now is None else now
        while stack and (stack[-1][2] >= depth or stack[-1][0] <= start):
            until(stack[-1][0])
            stack.pop()
        until(start)
        stack.append((end, colour_of(rank.role, name, depth, stack), depth))
    while stack:
        until(stack[-1][0])
        stack.pop()
    return found


def colour_of(role, name, depth, around):
    """The legend's name of what a region does, "" for what is not shown."""
    if name in LEAVES or name == "waiting for room" or (role == "client" and name in CLIENT):
        return name
    if around and around[-1][1]:
        return around[-1][1]
    if depth == 0 or role == "client":  # a request holds the time between steps, too
        return ""
    return "dealing" if role == "dealer" else "other"


def shares(segments_, start, end):
    """Of each of COLUMNS columns the share that each name fills: {name: [share, ...]}."""
    width, found = (end - start) / COLUMNS, {}
    for a, b, name in segments_:
        row = found.setdefault(name, [0.0] * COLUMNS)
        a, b = max(a, start), min(b, end)
        first, last = int((a - start) / width), min(int((b - start) / width), COLUMNS - 1)
        for column in range(max(first, 0), last + 1):
            overlap = min(b, start + (column + 1) * width) - max(a, start + column * width)
            if overlap > 0:
                row[column] += overlap / width
    return found


def whole_lane(segments_, start, end):
    """Columns of what fills the time, from below: a path a name, each a staircase."""
    found, base, paths = shares(segments_, start, end), [0.0] * COLUMNS, ""
    for name, css in CLASSES.items():
        row = found.get(name)
        if not row:
            continue
        steps = []
        for column, share in enumerate(row):
            if share > 0.005:
                steps.append(f"M{column} {LANE - 2 - (LANE - 4) * base[column]:.1f}h1v{-(LANE - 4) * share:.1f}h-1z")
                base[column] += share
        paths += f'<path class="{css}" d="{"".join(steps)}"/>'
    return f'<svg x="0" y="0" width="100%" height="{LANE}" viewBox="0 0 {COLUMNS} {LANE}" preserveAspectRatio="none">{paths}</svg>'


def close_lane(segments_, start, end):
    """Blocks at their true places, 10000 units wide; neighbours of one kind that are closer than one are one."""
    paths, scale = {}, 10000 / (end - start)
    for a, b, name in segments_:
        a, b = max((a - start) * scale, 0), min((b - start) * scale, 10000)
        if b > a:
            blocks = paths.setdefault(name, [])
            if blocks and a - blocks[-1][1] < 1:
                blocks[-1][1] = b
            else:
                blocks.append([a, b])
    made = "".join(f'<path class="{CLASSES[name]}" d="{"".join(f"M{a:.0f} 3h{max(b - a, 1):.0f}v{LANE - 6}h-{max(b - a, 1):.0f}z" for a, b in blocks)}"/>'
                   for name, blocks in paths.items())
    return f'<svg x="0" y="0" width="100%" height="{LANE}" viewBox="0 0 10000 {LANE}" preserveAspectRatio="none">{made}</svg>'


def chart(lanes, start, end, draw):
    """Lanes: {role: segments}; the axis counts ms from `start`. It ends with the data, so its last mark may be beyond."""
    length = 1000 * (end - start)
    ticks = [t for t in nice_ticks(length) if t <= length] + [length]
    if len(ticks) > 2 and ticks[-1] - ticks[-2] < 0.12 * length:
        del ticks[-2]
    ticks[-1] = float(f"{length:.3g}") if length else 1
    rows = "".join(chart_row(role, grid_lines(ticks, LANE) + draw(parts, start, end), "", LANE) for role, parts in lanes.items())
    return f'<div class="chart lanes">{rows}{axis(ticks, "ms")}</div>'


def legend_of(names):
    return legend({name: css for name, css in CLASSES.items() if name in names})


def middle_layer(trace, run):
    """Start, end and number of the prompt's middle layer at server 0, or None."""
    rank = trace.ranks.get("server 0")
    if rank is None:
        return None
    at = ((rank.run == run) & (rank.step == 0) & (rank.names == "layer")).nonzero()[0]
    if not len(at):
        return None
    i = at[len(at) // 2]
    return (float(rank.start[i]), float(rank.end[i]), int(rank.layer[i])) if rank.end[i] > rank.start[i] else None


def timelines(trace):
    """(HTML of the whole run, its number) and (HTML of one layer, its number), or None for what the trace does not have; the names of their colours."""
    place = trace.typical_run()
    if place is None:
        return None, None, set()
    run, start, end = int(trace.runs["run"][place]), float(trace.runs["start"][place]), float(trace.runs["end"][place])
    lanes = {role: segments(rank, run) for role, rank in trace.ranks.items()}
    if not any(lanes.values()) or end <= start:
        return None, None, set()
    start = min(start, *(parts[0][0] for parts in lanes.values() if parts))
    end = max(end, *(parts[-1][1] for parts in lanes.values() if parts))
    names = {name for parts in lanes.values() for _, _, name in parts}
    whole, layer = (chart(lanes, start, end, whole_lane), run), middle_layer(trace, run)
    if layer is None:
        return whole, None, names
    within = {role: [s for s in parts if s[1] > layer[0] and s[0] < layer[1]] for role, parts in lanes.items()}
    return whole, (chart(within, layer[0], layer[1], close_lane), layer[2]), names
