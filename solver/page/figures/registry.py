"""The figures a rule asks for, by kind; each kind is a function that draws from the evidence.

A kind is registered by ``@figure_kind("map")`` in a module of this folder, so another topic brings
its own. A figure that cannot be drawn is replaced by a sentence: it never fails a page.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Literal

from markupsafe import Markup

from solver.errors import EvidenceError, MissingEvidence
from solver.evidence import Evidence
from solver.files.discovery import import_all
from solver.key import lacking, lacks_named
from solver.rules.registry import Figure
from solver.text.bilingual import both, words

Draw = Callable[[Evidence, Mapping[str, Any]], Markup]
Opens = Literal["anywhere", "by its link", "never"]

_kinds: dict[str, Draw] = {}
_opens: dict[str, Opens] = {}


def figure_kind(name: str, opens: Opens = "by its link") -> Callable[[Draw], Draw]:
    """Register the decorated function to draw the kind `name`; a name taken is an error.

    Args:
        name: of the kind.
        opens: where a click opens the figure at full size: "anywhere", or by the link in its
            caption, where something in it scrolls, folds or is to be copied; "never" for text.
    """

    def register(draw: Draw) -> Draw:
        if name in _kinds:
            raise ValueError(f"the kind of figure {name!r} is registered twice")
        _kinds[name], _opens[name] = draw, opens
        return draw

    return register


def all_figure_kinds() -> dict[str, Draw]:
    """Return every kind by name, importing the modules that draw them."""
    import_all("solver.page.figures")
    return dict(sorted(_kinds.items()))


_IMAGE = re.compile(r"<img [^>]*>")
_STRIPS = re.compile(r'viewBox="0 -?[\d.]+ 128 [\d.]+"')
"""The part of a panel with the strips of names."""
_SVG = re.compile(r'<svg(?: class="([^"]*)")? [^>]*role="img".*?</svg>', re.DOTALL)


def figure_html(figure: Figure, evidence: Evidence, place: str = "", back: str = "") -> Markup:
    """Return a figure with its caption, or the sentence that says why it is not there.

    With a `place`, an id of its own on the page, the figure opens at full size by a link to it, and
    is closed by one to `back`; no script is needed.
    """
    caption, drawn = both(figure.caption), _drawn(figure, evidence)
    opens = _opens.get(figure.kind, "never")
    if not place or opens == "never" or not ("<svg" in drawn or "<img" in drawn):
        head = Markup("<figcaption>{}</figcaption>").format(caption) if caption else ""
        return Markup('<figure class="evidence">{}{}</figure>').format(head, drawn)
    return Markup(
        '<figure class="evidence" id="{place}"><figcaption>{}<a class="open{}" href="#{place}">{}'
        '</a><a class="close" href="#{}">{}</a></figcaption>{}</figure>'
    ).format(
        caption,
        Markup(" anywhere") if opens == "anywhere" else "",
        words().say("full_size"),
        back,
        words().say("close_figure"),
        drawn,
        place=place,
    )


def thumbnail_of(figure: Markup) -> Markup:
    """Return the decisive picture of a drawn figure, without its names; empty where it has none."""
    found = list(_SVG.finditer(figure))
    decisive = [one for one in found if one[1] == "decisive"]
    if found:
        # The picture without its strips of names, which could not be read so small.
        return Markup(_STRIPS.sub('viewBox="0 0 128 128"', (decisive or found)[0][0]))
    images = _IMAGE.findall(figure)
    # Four, spread over the whole strip, in place of its first ones.
    some = Markup("".join(images[:: max(len(images) // 4, 1)][:4]))
    return Markup('<b class="four">{}</b>').format(some) if images else Markup()


def _drawn(figure: Figure, evidence: Evidence) -> Markup:
    draw = all_figure_kinds().get(figure.kind)
    if draw is None:
        return _instead("figure_unknown", kind=figure.kind)
    try:
        return draw(evidence, figure.parameters)
    except MissingEvidence as missing:
        lacks = lacks_named(lacking(missing.lacks, missing.what))
        return _instead("figure_lacks", records=lacks)
    except EvidenceError as problem:
        return _instead("figure_fault", problem=problem.in_both)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as problem:
        # Evidence may be put together by hand: whatever is odd in it costs a figure, not the page.
        return _instead("figure_fault", problem=f"{type(problem).__name__}: {problem}")


def _instead(sentence: str, **values: object) -> Markup:
    return Markup('<p class="note">{}</p>').format(words().say(sentence, **values))
