"""The wording a key's entry was made for: stem, options and drop-downs of one question.

A key carries it, so that grading or checking with a bank that words the question otherwise is
refused. It holds the texts that a student reads, not the claims and settings that only rules read.
"""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from solver.banks.bank import LANGUAGES, Identifier, Option, Question, Strict, Wording


class BlankWording(Strict):
    """One drop-down: its label and, unless they are measured, its choices by id."""

    label: Wording
    options: dict[Identifier, Wording] | None = None


class QuestionWording(Strict):
    """The texts of one question that a student reads."""

    stem: Wording
    choose: int | None = Field(default=None, description="how many to choose, where it says")
    options: dict[Identifier, Wording] = Field(default_factory=dict)
    blanks: dict[Identifier, BlankWording] = Field(default_factory=dict)


def wording_of(question: Question) -> QuestionWording:
    """Return the wording of a bank's question."""
    return QuestionWording(
        stem=question.stem,
        choose=question.choose,
        options=_texts(question.options),
        blanks={
            blank.id: BlankWording(
                label=blank.label,
                options=None if blank.options is None else _texts(blank.options),
            )
            for blank in question.blanks
        },
    )


def _texts(options: list[Option]) -> dict[str, Wording]:
    return {option.id: option.text for option in options}


def differences(
    ours: QuestionWording,
    other: QuestionWording,
    where: tuple[str, str] = ("in the key", "in the bank"),
    *,
    options_only: bool = False,
) -> Iterator[str]:
    """Yield the differences between two wordings of one question, a short phrase each.

    White space and the order of options do not count.

    Args:
        ours: one wording.
        other: the wording it is compared with.
        where: names of the places of the two, for the phrases.
        options_only: compare the options alone, not stem and labels.

    Example:
        >>> a = Wording(en="Which part?", zh_hant="哪裡？")
        >>> b = Wording(en="Which part is not?", zh_hant="哪裡？")
        >>> list(differences(QuestionWording(stem=a), QuestionWording(stem=b)))
        ["its text is 'Which part?' in the key and 'Which part is not?' in the bank"]
    """
    texts = dict(_texts_of(ours, options_only=options_only))
    others = dict(_texts_of(other, options_only=options_only))
    first, second = where
    # Names of either side, in the order of ours: what only one has is told too.
    for name, facing in ((name, others.get(name)) for name in texts | others):
        mine = texts.get(name)
        if mine is None or facing is None:
            here = second if mine is None else first
            yield f"{name} is only {here}"
            continue
        for one, two in zip(mine, facing, strict=True):
            if one != two:  # one language is enough to tell them apart
                yield f"{name} is {_shown(one, two)!r} {first} and {_shown(two, one)!r} {second}"
                break


def _texts_of(
    wording: QuestionWording, *, options_only: bool
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield each text by its name for people, in every language, white space folded."""
    if not options_only:
        yield "its text", _folded(wording.stem)
        if wording.choose is not None:
            yield "the number to choose", (str(wording.choose),)
    for option, text in wording.options.items():
        yield f"option {option}", _folded(text)
    for name, blank in wording.blanks.items():
        if options_only:
            # With no text, so that only its absence is a difference.
            yield f"drop-down {name}", ()
        else:
            yield f"the label of drop-down {name}", _folded(blank.label)
        for option, text in (blank.options or {}).items():
            yield f"choice {option} of drop-down {name}", _folded(text)


def _folded(text: Wording) -> tuple[str, ...]:
    # A bank wrapped at another column has the same wording.
    return tuple(" ".join(text.in_language(language).split()) for language in LANGUAGES)


_SHOWN = 60
"""Characters shown around the first difference of a long text."""


def _shown(text: str, beside: str) -> str:
    if max(len(text), len(beside)) <= _SHOWN:
        return text
    pairs = enumerate(zip(text, beside, strict=False))
    at = next((place for place, (one, two) in pairs if one != two), min(len(text), len(beside)))
    # Two long texts mostly differ in one word, far behind their beginnings.
    start = max(0, at - _SHOWN // 2)
    cut = text[start : start + _SHOWN]
    return f"{'...' if start else ''}{cut}{'...' if start + _SHOWN < len(text) else ''}"
