"""What an open question lacks: records, and why or what of them, in both languages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from pydantic import Field

from solver.banks.bank import Strict
from solver.key.verdicts import Sentence
from solver.text.cjk_spacing import with_blanks
from solver.text.plural import shortened
from solver.text.record_names import record_name


class Lack(Strict):
    """Records that are missing for one reason, or a thing that is missing in them."""

    records: list[str] = Field(default_factory=list, description="their ids")
    why: Sentence = Field(description="the reason, or what is missing in them")


Lacking = str | Lack
"""A record's id where there is no more to say. Of keys made before there were two languages it is a
sentence in English that begins with ids."""


def lacking(records: Iterable[str], why: tuple[str, str] | None = None) -> list[Lacking]:
    """Return the lack of records, or of something in them where `why` (en, zh-Hant) says so.

    >>> lacking(["lime/6"])
    ['lime/6']
    """
    if why is None:
        return list(records)
    told = Sentence(en=why[0], zh_hant=with_blanks(why[1]))
    return [Lack(records=list(records), why=told)]


def lacks_named(lacks: Iterable[Lacking]) -> tuple[str, str]:
    """Return what is lacking for a page (en, zh-Hant), records by their names.

    >>> why = Sentence(en="no checkpoint.", zh_hant="沒有檢查點。")
    >>> lacks_named(["lime/6", Lack(records=["lime/7"], why=why)])[0]
    'LIME, picture 6; LIME, picture 7: no checkpoint'
    """
    parts = [_named(lack) for lack in lacks]
    return "; ".join(one[0] for one in parts), "；".join(one[1] for one in parts)


def _named(lack: Lacking) -> tuple[str, str]:
    if isinstance(lack, str):
        english, chinese = record_name(lack)
        # A sentence of an older key: here it is joined to others.
        return english.rstrip("."), chinese.rstrip(".")
    names = [record_name(one) for one in lack.records]
    english, chinese = lack.why.en.rstrip("."), lack.why.zh_hant.rstrip("。")
    return (
        ": ".join(filter(None, ("; ".join(one[0] for one in names), english))),
        "：".join(filter(None, ("；".join(one[1] for one in names), chinese))),
    )


def lack_in_english(lack: Lacking) -> str:
    """Return what is lacking for a terminal, records by their ids.

    >>> lack_in_english(Lack(records=["lime/6"], why=Sentence(en="no file", zh_hant="沒有檔案")))
    'lime/6: no file'
    """
    if isinstance(lack, str):
        return lack
    return ": ".join(filter(None, (", ".join(lack.records), lack.why.en)))


def lacks_by_question(
    lacks: Mapping[str, Sequence[Lacking]],
) -> Iterator[tuple[list[str], str]]:
    """Yield questions and what they lack alike, in English: first records, then by reason.

    Args:
        lacks: of each open question, by its id.

    >>> list(lacks_by_question({"q1": ["lime/6", "lime/7"], "q2": ["lime/6", "lime/7"]}))
    [(['q1', 'q2'], 'lime/6, lime/7')]
    """
    asking: dict[str, list[str]] = {}
    reasons: dict[str, tuple[list[str], list[str]]] = {}
    for question, each in lacks.items():
        for lack in each:
            if isinstance(lack, str):
                asking.setdefault(lack, []).append(question)
            else:
                of, records = reasons.setdefault(lack.why.en, ([], []))
                of.append(question)
                records += lack.records
    alike: dict[tuple[str, ...], list[str]] = {}
    for record, questions in asking.items():
        # By the questions that lack them: ten pictures' maps are one line, not ten.
        alike.setdefault(tuple(dict.fromkeys(questions)), []).append(record)
    yield from ((list(questions), shortened(records)) for questions, records in alike.items())
    for why, (of, records) in reasons.items():
        named = shortened(list(dict.fromkeys(records)))
        yield list(dict.fromkeys(of)), ": ".join(filter(None, (named, why)))


def records_lacking(lacks: Sequence[Lacking]) -> list[str]:
    """Return the ids of all records that are lacking or incomplete."""
    found: list[str] = []
    for lack in lacks:
        # A sentence of an older key begins with the record's id.
        found += [lack.partition(" ")[0]] if isinstance(lack, str) else lack.records
    return found
