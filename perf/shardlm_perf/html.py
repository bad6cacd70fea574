"""A document as one page of HTML that needs nothing else: styles and charts are in it."""
import html
import json
import os

from .document import Code, Details, Figure, Number, Preformatted, Section, Small, Table, Text


def escape(text):
    """Safe in HTML, and ASCII whatever it was."""
    return html.escape(str(text), quote=True).encode("ascii", "xmlcharrefreplace").decode("ascii")


def inline(parts):
    if not isinstance(parts, (list, tuple)):
        parts = [parts]
    return "".join(piece(part) for part in parts)


def piece(part):
    if isinstance(part, Number):
        return f'<data class="n" value="{escape(exact(part.value))}" data-key="{escape(part.key)}" data-value="{escape(exact(part.value))}">{escape(part.text)}</data>'
    if isinstance(part, Code):
        return f"<code>{escape(part.text)}</code>"
    if isinstance(part, Small):
        return f'<small>{escape(part.text)}</small>'
    return escape(part)


def exact(value):
    return value if isinstance(value, str) else json.dumps(value)


def block(item):
    if isinstance(item, Table):
        return table(item)
    if isinstance(item, Figure):
        return (f'<figure class="figure"><figcaption>{escape(item.caption)}</figcaption>'
                f'<div role="img" aria-label="{escape(item.description)}">{item.html}</div></figure>')
    if isinstance(item, Details):
        return f"<details><summary>{escape(item.summary)}</summary>{blocks(item.blocks)}</details>"
    if isinstance(item, Preformatted):
        return f'<pre tabindex="0">{escape(item.text)}</pre>'
    return {"item": "<li>{}</li>", "note": '<p class="note">{}</p>', "failed": '<p class="note failed">{}</p>'}.get(item.kind, "<p>{}</p>").format(inline(item.parts))


def blocks(items):
    """Items of a list that follow each other are one list."""
    made, listed = [], False
    for item in items:
        is_item = isinstance(item, Text) and item.kind == "item"
        if is_item != listed:
            made.append("<ul>" if is_item else "</ul>")
            listed = is_item
        made.append(block(item))
    return "\n".join(made + (["</ul>"] if listed else []))


def table(t):
    head = "".join(f'<th scope="col"{number_class(c)}>{escape(c.title)}{unit(c)}</th>' for c in t.columns)
    rows = "\n".join(row(r, t.columns) for r in t.rows)
    caption = f'<p class="caption">{escape(t.caption)}</p>' if t.caption else ""  # outside, because it does not scroll with the table
    label = f' aria-label="{escape(t.caption)}"' if t.caption else ""
    return f'{caption}<div class="scroll" tabindex="0"><table{label}><thead><tr>{head}</tr></thead>\n<tbody>{rows}</tbody></table></div>'


def unit(column):
    return f' <span class="unit">{escape(column.unit)}</span>' if column.unit else ""


def number_class(column):
    return ' class="number"' if column.numeric else ""


def row(r, columns):
    first = f'<th scope="row">{inline(r.cells[0])}</th>'
    if r.kind == "failed":
        return f'<tr class="failed">{first}<td colspan="{len(columns) - 1}">{inline(r.cells[1])}</td></tr>'
    kind = f' class="{r.kind}"' if r.kind else ""
    return f"<tr{kind}>{first}" + "".join(f"<td{number_class(c)}>{inline(cell)}</td>" for cell, c in zip(r.cells[1:], columns[1:])) + "</tr>"


def section(s):
    return f'<section id="{s.anchor}"><h3>{escape(s.title)}</h3>\n{blocks(s.blocks)}\n</section>'


def chapter(c):
    facts = "".join(f"<div><dt>{escape(name)}</dt><dd>{inline(parts)}</dd></div>" for name, parts in c.facts)
    return (f'<article id="{c.anchor}"><header><h2>{escape(c.title)}</h2><p class="subtitle">{escape(c.subtitle)}</p>'
            f'<dl class="facts">{facts}</dl></header>\n' + "\n".join(section(s) for s in c.sections) + "</article>")


def contents(document):
    """Links to all sections; of several chapters, to the chapters first."""
    links = []
    if document.front:
        links.append(f'<li><a href="#{document.front.anchor}">{escape(document.front.title)}</a></li>')
    for c in document.chapters:
        inner = "".join(f'<li><a href="#{s.anchor}">{escape(s.title)}</a></li>' for s in c.sections)
        if len(document.chapters) == 1:
            links.append(inner)
        else:
            links.append(f'<li><details><summary>{escape(c.title)}</summary><ul><li><a href="#{c.anchor}">Top</a></li>{inner}</ul></details></li>')
    return f'<nav aria-label="Contents"><details open><summary>Contents</summary><ul>{"".join(links)}</ul></details></nav>'


def page(document):
    with open(os.path.join(os.path.dirname(__file__), "page.css"), encoding="ascii") as file:
        style = file.read()
    front = section(document.front) if isinstance(document.front, Section) else ""
    body = "\n".join(chapter(c) for c in document.chapters)
    made_of = "".join(f"<li>{inline(line)}</li>" for line in document.made_of)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{escape(document.title)}</title>
<style>
{style}</style>
</head>
<body>
<div class="layout">
{contents(document)}
<main>
<h1>{escape(document.title)}</h1>
{front}
{body}
<footer><p>Every number here was computed by <code>perf/report</code> from the files in</p><ul>{made_of}</ul></footer>
</main>
</div>
</body>
</html>
"""
