"""A document as Markdown: what can be read in a terminal or a code review. Charts are in the HTML alone."""
from .document import PLUS_MINUS, Code, Details, Figure, Number, Preformatted, Small, Table, Text


def inline(parts):
    if not isinstance(parts, (list, tuple)):
        parts = [parts]
    return "".join(piece(part) for part in parts)


def piece(part):
    if isinstance(part, Number):
        return part.text
    if isinstance(part, Code):
        return f"`{part.text}`"
    if isinstance(part, Small):
        return f" ({escape(part.text)})"
    return escape(part)


def escape(text):
    """As it stands, on one line, in ASCII."""
    text = " ".join(str(text).split("\n")).replace(PLUS_MINUS, " +- ")
    for character in "\\|<>*_`[]":
        text = text.replace(character, "&lt;" if character == "<" else "\\" + character)
    return text.encode("ascii", "xmlcharrefreplace").decode("ascii")


def block(item):
    if isinstance(item, Table):
        return table(item)
    if isinstance(item, Figure):
        return f"(Chart in report.html: {escape(item.caption)})"
    if isinstance(item, Details):
        return f"**{escape(item.summary)}**\n\n" + "\n\n".join(block(inner) for inner in item.blocks)
    if isinstance(item, Preformatted):
        return "\n".join("    " + line for line in item.text.encode("ascii", "backslashreplace").decode("ascii").splitlines())
    return {"item": "- ", "note": "> ", "failed": "> **Failed:** "}.get(item.kind, "") + inline(item.parts)


def blocks(items):
    made = ""
    previous = None
    for item in items:
        close = isinstance(item, Text) and item.kind == "item" and isinstance(previous, Text) and previous.kind == "item"
        made += ("\n" if close else "\n\n") + block(item)
        previous = item
    return made


def table(t):
    heads = [escape(c.title) + (f" ({escape(c.unit)})" if c.unit else "") for c in t.columns]
    rows = ["| " + " | ".join(heads) + " |", "|" + "|".join(" ---: " if c.numeric else " --- " for c in t.columns) + "|"]
    for r in t.rows:
        cells = [inline(cell) for cell in r.cells]
        rows.append("| " + " | ".join(cells + [""] * (len(t.columns) - len(cells))) + " |")
    return (f"{escape(t.caption)}\n\n" if t.caption else "") + "\n".join(rows)


def section(s, level):
    return f"{'#' * level} {escape(s.title)}{blocks(s.blocks)}\n"


def page(document):
    made = [f"# {escape(document.title)}\n"]
    if document.front:
        made.append(section(document.front, 2))
    for c in document.chapters:
        facts = "\n".join(f"- {escape(name)}: {inline(parts)}" for name, parts in c.facts)
        made.append(f"## {escape(c.title)}\n\n{escape(c.subtitle)}\n\n{facts}\n")
        made += [section(s, 3) for s in c.sections]
    made.append("Every number here was computed by `perf/report` from the files in\n\n" + "\n".join("- " + inline(line) for line in document.made_of) + "\n")
    return "\n".join(made)
