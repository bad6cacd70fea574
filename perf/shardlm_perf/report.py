"""report.md and report.html of one or several results folders."""
import os

from . import html, markdown
from .beside import peers, published, scaling
from .costs import memory, traffic
from .details import phases, raw_runs, variance
from .document import Chapter, Code, Document
from .provenance import facts, provenance
from .refusal import write_whole
from .summary import latency, ranking, summary
from .traces import need_h5py
from .trust import accuracy, security
from .work import Breakdowns, timeline, where


def chapter(results, prefix, anchor):
    breakdowns = Breakdowns(results)
    sections = [summary(results, prefix), latency(results, prefix), ranking(results, prefix), where(results, breakdowns, prefix), timeline(results, breakdowns, prefix),
                traffic(results, prefix), memory(results, prefix), accuracy(results, prefix), security(results, prefix), published(results, prefix), peers(results, prefix),
                phases(results, prefix), variance(results, prefix), raw_runs(results, prefix), provenance(results, prefix)]
    if anchor:
        for s in sections:
            s.anchor = f"{anchor}-{s.anchor}"
    b = results.any
    title = f"{b.model_name}: {b.data['device']}" if b else f"{results.name}: nothing succeeded"
    if anchor and b:
        title += f" ({results.name})"
    return Chapter(title, f"{len(results.benchmarks)} benchmarks, {len(results.failures)} failed", anchor or "results", facts(results), sections)


def document(folders):
    """Of one folder a chapter; of several a chapter each, and what changes from one to the other before them."""
    if any(results.traces for results in folders):
        need_h5py()
    several = len(folders) > 1
    prefixes = [f"{i}/" if several else "" for i in range(1, len(folders) + 1)]
    chapters = [chapter(results, prefix, f"f{i}" if several else "") for i, (results, prefix) in enumerate(zip(folders, prefixes), 1)]
    made_of = [[Code(results.name)] for results in folders]
    return Document("ShardLM benchmark", chapters, made_of, scaling(folders, prefixes) if several else None)


def write(folders, out):
    """Both files, each whole or not at all."""
    made = document(folders)
    pages = {"report.html": html.page(made), "report.md": markdown.page(made)}
    for name, text in pages.items():
        write_whole(os.path.join(out, name), text)
    return [os.path.join(out, name) for name in pages]
