"""The figures a rule asks for, by kind; each kind is a function that draws from the evidence.

A kind is registered by ``@figure_kind("map")`` in a module of this folder, so another topic brings
its own. What cannot be drawn is said in a sentence: a page never fails because of a figure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from markupsafe import Markup

from solver.errors import EvidenceError
from solver.evidence import Evidence, MissingEvidence
from solver.files.discovery import import_all
from solver.rules.registry import Figure
from solver.text.bilingual import both, words

Draw = Callable[[Evidence, Mapping[str, Any]], Markup]

_kinds: dict[str, Draw] = {}


def figure_kind(name: str) -> Callable[[Draw], Draw]:
    """Register the decorated function to draw the kind `name`; a name taken is an error."""

    def register(draw: Draw) -> Draw:
        if name in _kinds:
            raise ValueError(f"the kind of figure {name!r} is registered twice")
        _kinds[name] = draw
        return draw

    return register


def all_figure_kinds() -> dict[str, Draw]:
    """Return every kind by name, importing the modules that draw them."""
    import_all("solver.page.figures")
    return dict(sorted(_kinds.items()))


def figure_html(figure: Figure, evidence: Evidence) -> Markup:
    """Return a figure with its caption, or the sentence that says why it is not there."""
    caption = both(figure.caption)
    return Markup('<figure class="evidence">{}{}</figure>').format(
        Markup("<figcaption>{}</figcaption>").format(caption) if caption else "",
        _drawn(figure, evidence),
    )


def _drawn(figure: Figure, evidence: Evidence) -> Markup:
    draw = all_figure_kinds().get(figure.kind)
    if draw is None:
        return _instead("figure_unknown", kind=figure.kind)
    try:
        return draw(evidence, figure.parameters)
    except MissingEvidence as missing:
        return _instead("figure_lacks", records=", ".join(missing.lacks))
    except EvidenceError as problem:
        return _instead("figure_fault", problem=str(problem))
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as problem:
        # Evidence may be put together by hand: whatever is odd in it costs a figure, not the page.
        return _instead("figure_fault", problem=f"{type(problem).__name__}: {problem}")


def _instead(sentence: str, **values: object) -> Markup:
    return Markup('<p class="note">{}</p>').format(words().say(sentence, **values))
