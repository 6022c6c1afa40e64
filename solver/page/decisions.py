"""Decisions that people took on a key, and the signature under it, as the page says them."""

from __future__ import annotations

from dataclasses import dataclass, field

from markupsafe import Markup

from solver.banks.bank import Question
from solver.key import Key, KeyQuestion
from solver.page.answers import answer_pair
from solver.text.bilingual import Words, words


@dataclass(frozen=True)
class Said:
    """A sentence of the page by its name, with its values."""

    name: str
    values: dict[str, object] = field(default_factory=dict)

    def html(self, texts: Words) -> Markup:
        """Return the sentence in both languages."""
        return texts.say(self.name, **self.values)


def decision_on(entry: KeyQuestion, asked: Question | None) -> Said | None:
    """Return the decision that a person took on a question, None where nobody did."""
    taken = entry.decided
    by, why = (taken.by, taken.why) if taken else ("", "")
    values: dict[str, object] = {}
    if entry.left_out:
        name = "decision_left_out"
    elif entry.void:
        name = "decision_everybody"
    elif entry.override is not None:
        given = entry.override
        # An override has names of its own; `decided` is of the other decisions.
        by, why = given.by, given.why
        several = [given.correct, *given.also]
        if entry.kind == "single":
            # Of a single question each option earns by itself.
            several = [[each] for answer in several for each in answer]
        derived = answer_pair(entry.correct, asked)
        derived = derived if derived[0] else words().pair("nothing_derived")
        name = "decision_changed" if len(several) == 1 else "decision_either"
        texts = [answer_pair(answer, asked) for answer in several]
        english, chinese = words().pair("either_join")
        joined = english.join(one[0] for one in texts), chinese.join(one[1] for one in texts)
        values = {"given": joined, "derived": derived}
    elif taken:
        name = "decision_accepted"
    else:
        return None
    # Keys made by hand may name nobody and give no reason.
    values["by"] = words().pair("decision_by", by=by) if by else ""
    values["why"] = words().pair("decision_why", why=why) if why else ""
    return Said(name, values)


def signature_on(key: Key) -> Said | None:
    """Return the sentence on the signature: who signed, or that the key changed since."""
    signed = key.signed
    if signed is None:
        return None
    when = f" ({signed.when})" if signed.when else ""
    values: dict[str, object] = {"by": signed.by, "when": when}
    return Said("signed_by" if key.signature else "signed_before", values)
