"""The regions that a bank's questions read, by picture: those that a person has to draw.

A rule's parameter that names a region is marked (`solver.rules.parameters.Region`), and a question
reads the regions of the pictures whose record ``regions/PICTURE`` its rule needs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel

from solver.rules.parameters import RegionName
from solver.rules.registry import PlannedQuestion

AskedRegions = dict[int, dict[str, list[str]]]
"""By picture and region, the ids of the questions that read it."""


def asked_regions(questions: Sequence[PlannedQuestion]) -> AskedRegions:
    """Return which questions read which regions of which pictures, in the order of the bank.

    >>> from solver.banks.bank import load_bank
    >>> from solver.files.resources import shipped_bank
    >>> from solver.rules.registry import plan_questions
    >>> sorted(asked_regions(plan_questions(load_bank(shipped_bank("2021"))))[6])
    ['food', 'plate']
    """
    found: AskedRegions = {}
    for question in questions:
        # The cross-check's too: it may look at a picture that the rule does not.
        needs = dict.fromkeys((*question.needs, *question.cross_check_needs))
        records = [name.split("/") for name in needs]
        names = dict.fromkeys(
            name for each in (question.settings, *question.claims) for name in _named_by(each)
        )
        for picture in (int(record[1]) for record in records if record[0] == "regions"):
            for name in names:
                found.setdefault(picture, {}).setdefault(name, []).append(question.question.id)
    return {picture: found[picture] for picture in sorted(found)}


def _named_by(parameters: Any) -> Iterator[str]:
    """The regions that settings or a claim name."""
    fields = type(parameters).model_fields if isinstance(parameters, BaseModel) else {}
    for name, field in fields.items():
        marked = any(isinstance(each, RegionName) for each in field.metadata)
        if marked or _is_marked(field.annotation):
            value = getattr(parameters, name)
            yield from [value] if isinstance(value, str) else value or ()


def _is_marked(annotation: Any) -> bool:
    # A mark within a list or a union is on an inner type, not on the field.
    if get_origin(annotation) is Annotated:
        return any(isinstance(each, RegionName) for each in annotation.__metadata__)
    return any(_is_marked(each) for each in get_args(annotation))
