"""The answer key as one self-contained page, in English and in Traditional Chinese.

The page shows key, bank and evidence; nothing is decided here. It needs
no network and no script, and the same inputs give the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from itertools import pairwise

from jinja2 import Environment

from solver.banks.bank import Bank
from solver.decide.doubt.estimate import RARE
from solver.evidence import Evidence
from solver.key import Key, lacks_named
from solver.page.contested import contested_of, stability_line
from solver.page.decisions import signature_on
from solver.page.figures.shared_pixels import shared_pixels
from solver.page.review_flags import CLOSE, CONTESTED, SMALL
from solver.page.views import QuestionView, TopicView, facts_of, short_hashes, topics_of
from solver.rules.registry import Figure, all_rules
from solver.text.bilingual import page_environment, without_turning, words
from solver.text.numbers import percent


def render_key_page(
    key: Key,
    bank: Bank,
    evidence: Evidence,
    figures: Mapping[str, Sequence[Figure]],
    *,
    language: str = "en",
) -> str:
    """Return the page of a key.

    Args:
        key: the key to show.
        bank: wordings; a question it does not have is shown by its id.
        evidence: source of the figures; a missing record is named in its figure's place.
        figures: by question id, as the rules asked for them.
        language: the one shown first, "en" or "zh-Hant".
    """
    topics = topics_of(key, bank, evidence, figures, all_rules())
    contested = contested_of(view for topic in topics for view in topic.questions)
    topics, look = _with_next(topics, [one.view.entry.id for one in contested])
    facts = facts_of(key)
    sentence, values = stability_line(key)
    page = environment().get_template("key/key.html")
    html = page.render(
        language=language,
        key=key,
        title=bank.header.title,
        edition=bank.header.edition,
        topics=topics,
        look=look,
        contested=[one for one in contested if not one.rare],
        rarely=[one for one in contested if one.rare],
        stability_how=words().say(sentence, **values),
        measured=key.stability is not None,
        signature=signature_on(key),
        has_margins=any(view.margin != "–" for topic in topics for view in topic.questions),
        rare=percent(RARE),
        counts=_counts(topics),
        limit=percent(CLOSE),
        facts=facts,
        hashes=short_hashes(facts),
    )
    # Pixels first: what is shared is looked for in the images' own bytes.
    return without_turning(shared_pixels(html))


def _with_next(
    topics: list[TopicView], contested: list[str]
) -> tuple[list[TopicView], list[QuestionView]]:
    """Order the questions that need review, and link each to the next.

    The contested ones come first, in their own order; their other flags are listed with them.
    """
    urgent = [view for topic in topics for view in topic.questions if _urgent(view, contested)]
    urgent.sort(key=lambda view: (view.urgency, view.entry.id))
    # Each once: a contested question may be open or set by hand as well.
    ids = list(dict.fromkeys([*contested, *(view.entry.id for view in urgent)]))
    after = dict(pairwise(ids))
    linked = [
        replace(
            topic,
            questions=tuple(
                replace(view, next_look=after.get(view.entry.id)) for view in topic.questions
            ),
        )
        for topic in topics
    ]
    return linked, urgent


def _urgent(view: QuestionView, contested: list[str]) -> bool:
    ranks = {reason.rank for reason in view.reasons}
    # A contested question is listed above already; a close one only where it is not.
    return bool(ranks - {CONTESTED, SMALL} or (ranks and view.entry.id not in contested))


def _counts(topics: Sequence[TopicView]) -> dict[str, int]:
    views = [view for topic in topics for view in topic.questions]
    return {
        "questions": len(views),
        "answered": sum(bool(view.answer) for view in views),
        "open": sum(view.entry.state == "open" for view in views),
        "contested": sum(view.entry.contested for view in views),
        "close": sum(any(r.rank == SMALL for r in view.reasons) for view in views),
        "by_hand": sum(view.decision is not None for view in views),
    }


@cache
def environment() -> Environment:
    """Return the environment of the key's templates, made once."""
    made = page_environment(words(), ["class/report.css", "key/key.css"])
    made.filters.update(in_words=lacks_named)
    made.globals.update(texts=words(), fails=" · ".join(words().pair("fails")))
    return made
