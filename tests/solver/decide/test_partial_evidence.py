"""Rules that decide as far as they can where records are missing, seen from the key."""

from __future__ import annotations

import numpy as np

from solver.banks.bank import load_bank
from solver.decide.decide import decide_question
from solver.evidence import Evidence, Record
from solver.files.resources import shipped_bank
from solver.key import lacks_named
from solver.rules.registry import PlannedQuestion, all_rules, plan_questions
from tests.solver.rules.bert.test_embeddings import sentences
from tests.solver.rules.bert.test_hidden_states import ROLES, made, ring


def asked_by(rule: str) -> PlannedQuestion:
    """The shipped question that a rule decides."""
    every = plan_questions(load_bank(shipped_bank()))
    return next(one for one in every if one.rule.name == rule)


def plots(**models: np.ndarray) -> Evidence:
    """Plots of item 1 of some models."""
    records = [
        Record(f"hidden_states/{name[-1]}/1", {"points": points, "roles": ROLES})
        for name, points in models.items()
    ]
    return Evidence({record.id: record for record in records})


def test_models_of_which_one_item_is_there_are_decided_on_it() -> None:
    even = made(2)
    even[-1] = ring()
    evidence = plots(model1=made(1, apart="answer"), model2=even, model3=made(3, apart="context"))
    entry = decide_question(asked_by("bert.hidden_states.fine_tuned"), evidence).entry
    assert entry.state == "decided"
    assert entry.evidence == ["hidden_states/1/1", "hidden_states/2/1", "hidden_states/3/1"]
    assert entry.note is not None and "model 2: 1" in entry.note.en
    assert entry.second_correct == entry.correct


def test_a_model_without_any_plot_leaves_the_question_open() -> None:
    even = made(2)
    even[-1] = ring()
    entry = decide_question(asked_by("bert.hidden_states.fine_tuned"), plots(model2=even)).entry
    assert entry.state == "open" and not entry.correct
    assert {option.holds for option in entry.options} == {None, False}


def test_with_no_record_at_all_every_one_is_named() -> None:
    for name, found in all_rules().items():
        if found.partial:
            question = asked_by(name)
            entry = decide_question(question, Evidence()).entry
            assert entry.state == "open" and entry.lacks == question.needs
            told = decide_question(
                question, Evidence(), {question.needs[0]: ("why not", "為何")}
            ).entry
            assert "why not" in lacks_named(told.lacks)[0] and "為何" in lacks_named(told.lacks)[1]


def test_pairs_of_sentences_decide_where_no_trial_was_made() -> None:
    question = asked_by("bert.embeddings.layer0_independent")
    entry = decide_question(question, Evidence({"embeddings": sentences("position")})).entry
    assert entry.state == "decided" and entry.evidence == ["embeddings"]
    assert entry.second_lacks == ["embedding_trials"]
