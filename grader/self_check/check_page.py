"""`check.html`: the questions to look at again, with the figures, and without the answer.

The figures are those that the course's own notebook draws, as they came out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from jinja2 import Environment
from markupsafe import Markup

from grader.reports.environment import points
from grader.reports.evidence_names import explanation_names
from grader.self_check.checking import Checked, CheckedQuestion
from grader.self_check.messages import reading_line, state_word
from solver.banks.bank import Bank
from solver.errors import EvidenceError
from solver.evidence import Evidence, Record
from solver.files.atomic_write import write_whole
from solver.page.figures.maps import displayed_pixels, overlay_pixels, rgb_of
from solver.page.figures.panels import Panel, panels_html
from solver.page.figures.registry import figure_html
from solver.rules.registry import Figure
from solver.text.bilingual import both, page_environment, without_turning, words

NAME = "check.html"
MAPS = ("saliency", "smoothgrad", "activation", "filter_visualization", "integrated_gradients")
FEW = 6
"""More panels than this are drawn small."""


@dataclass(frozen=True)
class LookedAt:
    """A question of the page with its figures."""

    checked: CheckedQuestion
    figures: tuple[Markup, ...]
    many: bool


def write_check_page(
    checked: Checked, bank: Bank, evidence: Evidence | None, out: Path, language: str = "en"
) -> Path:
    """Write the page into the folder `out`, and return its path.

    Args:
        checked: the answers, checked.
        bank: for the title.
        evidence: for the figures; None leaves them out, and says so.
        out: a folder, made if it is not there.
        language: shown first ("en" or "zh-Hant").

    Raises:
        OutputError: it cannot be written.
    """
    path = out / NAME
    write_whole(path, check_page(checked, bank, evidence, language))
    return path


def check_page(
    checked: Checked, bank: Bank, evidence: Evidence | None, language: str = "en"
) -> str:
    """Return the page as text; see `write_check_page`."""
    # Figures of right answers would hide those to look at again.
    looked = [
        _looked_at(each, evidence)
        for each in checked.questions
        if each.state in ("not right", "unanswered") or each.refuted
    ]
    html = (
        environment()
        .get_template("check/check.html")
        .render(
            language=language,
            title=bank.header.title,
            edition=bank.header.edition,
            checked=checked,
            looked=looked,
            right=checked.ids("right", "void"),
            could=len(checked.questions) - len(checked.ids("open")),
            readings=[
                (reading_line(each, "en"), reading_line(each, "zh-Hant"))
                for each in checked.readings
            ],
            no_figures=evidence is None,
        )
    )
    return without_turning(html)


def _looked_at(question: CheckedQuestion, evidence: Evidence | None) -> LookedAt:
    if evidence is None:
        return LookedAt(question, (), False)
    records = [
        evidence.get(*name.split("/"))
        for name in dict.fromkeys(question.records)
        if name in evidence
    ]
    panels = [*_pictures(records, evidence)]
    for record in records:
        try:
            panels += _panels(record, evidence)
        except (EvidenceError, ArithmeticError, LookupError, TypeError, ValueError):
            continue  # evidence made by hand: a figure less, not a page less
    figures = [panels_html(panels)] if panels else []
    figures += [_plots(record, evidence) for record in records if record.kind == "hidden_states"]
    return LookedAt(question, tuple(figures), len(panels) > FEW)


def _pictures(records: Iterable[Record], evidence: Evidence) -> Iterable[Panel]:
    """The pictures that the records are of, each once."""
    places = sorted({place for record in records if (place := _picture_of(record)) is not None})
    for place in places:
        if f"picture/{place}" in evidence:
            spoken = words().pair("picture_n", n=place)
            yield Panel(rgb_of(evidence, place), both(spoken), spoken, smooth=True)


def _picture_of(record: Record) -> int | None:
    _, *place = record.id.split("/")
    # An id's numbers: activation/LAYER/PICTURE, and lime/PICTURE.
    at = {"activation": 1, "filter_visualization": 1}.get(record.kind, 0)
    known = record.kind in (*MAPS, "lime", "picture")
    return int(place[at]) if known and len(place) > at and place[at].isdecimal() else None


def _panels(record: Record, evidence: Evidence) -> Iterable[Panel]:
    (name,) = explanation_names([record.id])
    spoken = (name.en, name.zh_hant)
    # Other records are named and not shown: a module's class is an answer in itself, and so is what
    # a rule drew over a map.
    if record.kind in MAPS:
        yield Panel(displayed_pixels(record), both(spoken), spoken)
    elif record.kind == "lime":
        place = _picture_of(record)
        rgb = rgb_of(evidence, place if place is not None else 0)
        yield Panel(overlay_pixels(rgb, record.array("signs", 2)), both(spoken), spoken)
    elif record.kind == "similarity_picture":
        yield Panel(displayed_pixels(_as_map(record, "values")), both(spoken), spoken)
    elif record.kind == "embeddings":
        for table, about in sorted(record.values.get("tables", {}).items()):
            # Tables of ten sentences by ten; curves over the layers have one dimension.
            if record.array(table).ndim == 2 and "metric" in about:
                told = words("check").pair("table", **about | {"of": about["character"] + 1})
                yield Panel(displayed_pixels(_as_map(record, table)), both(told), told)


def _as_map(record: Record, name: str) -> Record:
    return Record(record.id, {"map": record.array(name, 2).astype(np.float64)})


def _plots(record: Record, evidence: Evidence) -> Markup:
    (name,) = explanation_names([record.id])
    figure = Figure("bert_scatter", {"record": record.id}, (name.en, name.zh_hant))
    return figure_html(figure, evidence)


@cache
def environment() -> Environment:
    """Return the environment of the page's template, made once."""
    styles = ("class/report.css", "key/key.css", "check/check.css")
    made = page_environment(words("check"), styles)
    made.filters.update(points=points, state_word=state_word)
    return made
