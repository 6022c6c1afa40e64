"""`class.html`: the item analysis of a class, on one page without any student's name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from grader.items import estimates
from grader.items.analysis import ClassAnalysis, QuestionAnalysis, analyse_class
from grader.items.distractors import OptionShare
from grader.items.estimates import Estimate
from grader.items.miskeyed import LEAST_T, NEGATIVE_AT, Suspicion
from grader.items.tables import answer_text, key_answer_text
from grader.reports.charts import bar_address, histogram, share_bars
from grader.reports.environment import environment, words
from grader.reports.key_doubts import key_doubts, short_answer
from grader.reports.question_texts import Part, QuestionTexts
from grader.reports.regrade_notes import RegradeNote, regrade_notes
from grader.table.graded import GradedClass
from solver.banks.bank import Bank
from solver.files.atomic_write import write_whole
from solver.key import Key, KeyQuestion, Override
from solver.text.bilingual import without_turning


@dataclass(frozen=True, slots=True)
class OptionRow:
    """An option on the page."""

    part: Part
    share: OptionShare
    bars: Markup


@dataclass(frozen=True, slots=True)
class WrongRow:
    """A wrong answer on the page."""

    parts: tuple[Part, ...]
    count: int
    share: Estimate


@dataclass(frozen=True, slots=True)
class QuestionView:
    """A question on the page.

    Attributes:
        analysis: its statistics.
        topic, stem: texts in both languages.
        accepted: the options of each answer that earns the points.
        options, wrong: its options, and its commonest wrong answers.
        suspicions: signs of the class against its key.
        key: its entry in the key.
        reasons: (names, estimate) of statistics that are not given, those with one reason together.
    """

    analysis: QuestionAnalysis
    topic: Any
    stem: Any
    accepted: tuple[tuple[Part, ...], ...]
    options: tuple[OptionRow, ...]
    wrong: tuple[WrongRow, ...]
    suspicions: tuple[Suspicion, ...]
    key: KeyQuestion | None
    reasons: tuple[tuple[tuple[str, ...], Estimate], ...]

    @property
    def id(self) -> str:
        """Id of the question."""
        return self.analysis.question.id

    @property
    def keyed(self) -> str:
        """The answer that counts, in one short line."""
        return " / ".join(answer_text(answer) for answer in self.analysis.question.accepted)

    @property
    def override(self) -> Override | None:
        """The answer that a TA set in place of the derived one."""
        return self.key.override if self.key else None

    @property
    def given(self) -> str:
        """The TA's answer, in a short line."""
        if self.override is None:
            return ""
        return " / ".join(map(key_answer_text, (self.override.correct, *self.override.also)))

    @property
    def derived(self) -> str:
        """The derived answer, in a short line; "" where none was derived."""
        return key_answer_text(self.key.correct) if self.key else ""

    @staticmethod
    def rival(suspicion: Suspicion) -> str:
        """Return the answer that speaks against the key, in a short line ("" if none does)."""
        return short_answer(suspicion.rival) if suspicion.rival else ""


def write_class_report(
    graded: GradedClass,
    out: Path,
    bank: Bank,
    key: Key,
    *,
    analysis: ClassAnalysis | None = None,
    language: str = "en",
) -> Path:
    """Write `class.html` into `out`; return its path.

    Args:
        graded: the class.
        out: folder of the run; regrades in its `regrades.jsonl` are at the top of the page.
        bank: for the wordings.
        key: for overrides and their reasons.
        analysis: of the same class, where it was made already.
        language: shown first ("en" or "zh-Hant").

    Raises:
        OutputError: `out` cannot be written.
        ExportError: its log of regrades was changed by hand.
    """
    path, regrades = out / "class.html", regrade_notes(out)
    page = class_page(graded, bank, key, analysis or analyse_class(graded), regrades, language)
    write_whole(path, page, private=True)
    return path


def class_page(
    graded: GradedClass,
    bank: Bank,
    key: Key,
    analysis: ClassAnalysis,
    regrades: Sequence[RegradeNote] = (),
    language: str = "en",
) -> str:
    """Return the class's page as HTML; arguments are those of `write_class_report`."""
    texts = QuestionTexts(bank, key)
    views = [question_view(item, texts) for item in analysis.questions]
    chart = histogram(
        dict(analysis.totals.counts),
        dict(analysis.canvas_totals.counts),
        analysis.possible,
        words().plain("distribution", language),
        # Names stay on the index: this page is shown to people who may not see them.
        link=lambda place: f"students/index.html#{bar_address(place)}",
    )
    doubts = key_doubts(graded, analysis.questions, bank, key)
    html = (
        environment()
        .get_template("class/class.html")
        .render(
            language=language,
            title=bank.header.title,
            graded=graded,
            analysis=analysis,
            chart=chart,
            views={view.id: view for view in views},
            doubts=[doubt for doubt in doubts if not doubt.rare],
            rare=[doubt for doubt in doubts if doubt.rare],
            listed={doubt.question for doubt in doubts},
            regrades=regrades,
            repeats=key.stability is not None,
            late=analysis.late if graded.deadline else None,
            unsigned=bool(key.contested) and key.signature is None,
            waiting=[name for name in key.to_decide if name in key.contested],
            corrections=graded.used.table.each_correction(),
            limits=_limits(),
        )
    )
    return without_turning(html)


def _limits() -> dict[str, object]:
    return {
        "share": estimates.LEAST_FOR_SHARE,
        "correlation": estimates.LEAST_FOR_CORRELATION,
        "groups": estimates.LEAST_FOR_GROUPS,
        "reliability": estimates.LEAST_FOR_RELIABILITY,
        "side": estimates.LEAST_A_SIDE,
        "t": LEAST_T,
        "negative": NEGATIVE_AT,
    }


def question_view(item: QuestionAnalysis, texts: QuestionTexts) -> QuestionView:
    """Return a question as the page shows it."""
    question = item.question
    return QuestionView(
        analysis=item,
        topic=texts.topic(question.id),
        stem=texts.stem(question.id),
        accepted=tuple(texts.parts(question, answer) for answer in question.accepted),
        options=tuple(
            OptionRow(
                texts.part(question.id, each.blank, each.option),
                each,
                share_bars(each.overall.value, each.upper.value, each.lower.value),
            )
            for each in item.options
        ),
        wrong=tuple(
            WrongRow(texts.parts(question, each.answer), each.count, each.share)
            for each in item.wrong_answers
        ),
        suspicions=item.suspicions,
        key=texts.key_question(question.id),
        reasons=_reasons(item),
    )


def _reasons(item: QuestionAnalysis) -> tuple[tuple[tuple[str, ...], Estimate], ...]:
    """Return the statistics of a question that are not given, those with one reason together."""
    found: dict[tuple[object, int], tuple[tuple[str, ...], Estimate]] = {}
    for name in ("difficulty", "discrimination", "point_biserial"):
        estimate: Estimate = getattr(item, name)
        if estimate.lack is not None:
            # One sentence for "too few students" of three statistics, unless they need different
            # numbers.
            place = (estimate.lack, estimate.needed)
            names, first = found.get(place, ((), estimate))
            found[place] = ((*names, name), first)
    return tuple(found.values())
