"""A student's own check: right sums, and nothing told that was not asked for."""

from __future__ import annotations

import json
import re
import sys
import types
from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.cli.check import check as command
from grader.reports.evidence_names import explanation_names
from grader.scoring.accepted_answers import scored_questions
from grader.self_check.checking import check_answers
from grader.submissions import Chosen, Ticked
from solver.banks.bank import Bank, load_bank
from solver.errors import ExportError
from solver.evidence import Evidence
from solver.files.resources import shipped_bank
from solver.key import Flips, Key, save_key
from tests.grader.made.made_classes import (
    every_answer,
    made_bank,
    made_key,
    made_submissions,
    overridden,
    with_question,
)


def answers_file(folder: Path, responses: dict[str, object], name: str = "answers.yaml") -> Path:
    data = {
        question: response.by_blank if isinstance(response, Chosen) else sorted(response.options)
        for question, response in responses.items()
        if isinstance(response, Ticked | Chosen)
    }
    path = folder / name
    path.write_text(yaml.safe_dump({"answers": data}, allow_unicode=True))
    return path


@pytest.fixture
def bank(monkeypatch: pytest.MonkeyPatch) -> Bank:
    made = made_bank(10)
    monkeypatch.setattr("solver.banks.bank.load_bank", lambda folder: made)
    return made


@given(st.integers(0, 10**6))
@settings(max_examples=25, deadline=None)
def test_points_are_the_courses(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    bank = made_bank(10, seed % 5)
    key = made_key(bank, seed)
    questions = scored_questions(key, bank)
    (submission,) = made_submissions(questions, 1, seed)
    path = answers_file(tmp_path_factory.mktemp("a"), dict(submission.responses))
    found = check_answers(path, key, bank)
    right = [q for q in questions if submission.responses[q.id] in q.accepted]
    assert found.ids("right") == [q.id for q in right]
    assert found.points == sum((q.points for q in right), Decimal(0))
    assert found.possible == Decimal("3.4")
    assert all(each.answer is None for each in found.questions)
    assert all(bool(each.look_again) == (each.state != "right") for each in found.questions)
    revealed = check_answers(path, key, bank, reveal=True)
    assert [each.answer is None for each in revealed.questions] == [
        each.state == "right" for each in found.questions
    ]


@given(st.integers(0, 10**6))
@settings(max_examples=25, deadline=None)
def test_what_is_said_does_not_depend_on_which_other_option_is_right(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    """Two keys that both make an answer wrong must not be told apart by what comes out."""
    bank = made_bank(5, seed % 5)
    key = made_key(bank, seed)
    for question in scored_questions(key, bank):
        answers = every_answer(question)
        given_answer = answers[seed % len(answers)]
        path = answers_file(tmp_path_factory.mktemp("a"), {question.id: given_answer})
        others = [answer for answer in answers if answer != given_answer][:6]
        keys = [with_answer(key, question.id, other) for other in others]
        said = [check_answers(path, each, bank) for each in keys]
        assert all(each == said[0] for each in said)


def with_answer(key: Key, name: str, answer: Ticked | Chosen) -> Key:
    """The key with another derived answer, and verdicts that say so."""
    entry = next(question for question in key.questions if question.id == name)
    if isinstance(answer, Chosen):
        correct: object = answer.by_blank
        right = set(answer.choices)
    else:
        correct = sorted(answer.options)
        right = {("", option) for option in answer.options}
    options = [
        verdict.model_copy(update={"holds": (verdict.blank or "", verdict.id) in right})
        for verdict in entry.options
    ]
    return with_question(key, name, correct=correct, options=options)


def run(folder: Path, key: Key, responses: dict[str, object], *options: str) -> str:
    save_key(key, folder / "key.yaml")
    path = answers_file(folder, responses)
    args = [str(path), "--key", str(folder / "key.yaml"), *options]
    result = CliRunner().invoke(command, args)
    assert result.exit_code == 0, result.output
    return result.output


def test_the_command_names_explanations_and_keeps_the_answer(tmp_path: Path, bank: Bank) -> None:
    key = with_question(made_key(bank), "q01", evidence=["saliency/2", "regions/2", "saliency/2"])
    question = scored_questions(key, bank)[0]
    wrong = next(answer for answer in every_answer(question) if answer not in question.accepted)
    plain = run(tmp_path, key, {"q01": wrong})
    assert "look again at: saliency map of picture 2\n" in plain
    assert "0 of 10 questions fully right: 0 of 3.4 points" in plain
    assert "unanswered: q02, q03, " in plain and "q02  " not in plain
    assert "  right: " not in plain
    assert "of the light" not in plain
    chinese = run(tmp_path, key, {"q01": wrong}, "--language", "zh-Hant")
    assert "請再看：圖片 2 的顯著圖" in chinese
    assert "10 題中全對 0 題：得 0 分，滿分 3.4 分\n" in chinese
    assert "q01　不正確（0.3 分）" in chinese and "未作答：q02、q03、" in chinese
    shown = run(tmp_path, key, {"q01": wrong}, "--reveal")
    (right,) = question.accepted[0].options
    assert f"({right})" in shown
    assert "0.6 of the light lies there" in shown


ENGLISH = re.compile("[a-z]{3,}")


def test_in_chinese_nothing_is_said_in_english(tmp_path: Path, bank: Bank) -> None:
    key = made_key(bank)
    for entry in key.questions:
        key = with_question(key, entry.id, evidence=["hidden_states/1/1", "smoothgrad/7"])
    key = with_question(key, "q01", correct=[], state="open")
    key = overridden(key, "q03", ["a"], why="題目敘述相反")
    question = next(each for each in scored_questions(key, bank) if each.id == "q04")
    said = run(tmp_path, key, {"q04": question.accepted[0]}, "--reveal", "--language", "zh-Hant")
    assert "正確答案：" in said and "由助教設定：題目敘述相反" in said
    assert set(ENGLISH.findall(said.replace("SmoothGrad", ""))) == set()
    help_of_pair = next(line for line in said.splitlines() if "部分 x" in line)
    assert "部分 x：" in help_of_pair and "（x:" in help_of_pair


def test_the_example_in_the_help_answers_questions_that_there_are() -> None:
    shipped = {question.id: question for question in load_bank(shipped_bank()).questions}
    example = command.help[command.help.index("answers:\n") :].split("\n\n")[0]
    for name, answer in yaml.safe_load(example)["answers"].items():
        names = [each.id for each in shipped[name].blanks or shipped[name].options]
        assert {*answer} <= {*names}


def test_the_names_of_explanations_use_the_words_of_the_bank() -> None:
    for record in ("activation/6/0", "filter_trace", "filter_visualization/6/0"):
        assert "濾波器" in explanation_names([record])[0].zh_hant
    for record in ("integrated_gradients/7/10", "integrated_path/7"):
        assert "積分梯度" in explanation_names([record])[0].zh_hant


def test_json_says_the_same(tmp_path: Path, bank: Bank) -> None:
    key = made_key(bank)
    questions = scored_questions(key, bank)
    responses = {question.id: question.accepted[0] for question in questions[:4]}
    data = json.loads(run(tmp_path, key, responses, "--json"))
    assert data["points"] == "1.2"
    assert data["readings"] == data["half_empty"] == []
    assert [each["state"] for each in data["questions"]] == ["right"] * 4 + ["unanswered"] * 6
    assert not any("right" in each or "reasons" in each for each in data["questions"])
    revealed = json.loads(run(tmp_path, key, responses, "--json", "--reveal"))
    assert all("right" in each for each in revealed["questions"][4:])


def test_open_void_and_overridden_questions(tmp_path: Path, bank: Bank) -> None:
    key = with_question(made_key(bank), "q01", correct=[], state="open")
    key = with_question(key, "q02", void=True)
    (other,) = every_answer(scored_questions(key, bank)[1])[:1]
    key = overridden(key, "q03", sorted(other.options), why="the wording was reversed")
    said = run(tmp_path, key, {"q03": other})
    assert "2 of 9 questions fully right: 0.6 of 3.1 points" in said
    assert "not checked, the key has no answer: q01" in said
    hidden = run(tmp_path, key, {})
    assert "reversed" not in hidden
    assert "set by hand: the wording was reversed" in run(tmp_path, key, {}, "--reveal")


def left_open(key: Key, name: str, **holds: bool | None) -> Key:
    """The key with a question open, of which these options were measured and no others."""
    entry = next(each for each in key.questions if each.id == name)
    options = [
        verdict.model_copy(update={"holds": holds.get(verdict.name), "second": None})
        for verdict in entry.options
    ]
    return with_question(key, name, state="open", correct=[], options=options, evidence=["lime/2"])


def test_an_answer_that_was_refuted_is_told_though_the_key_has_none(
    tmp_path: Path, bank: Bank
) -> None:
    key = left_open(left_open(made_key(bank), "q01", a=False, b=None), "q02", a=False)
    said = run(tmp_path, key, {"q01": Ticked(frozenset("a")), "q02": Ticked(frozenset("b"))})
    assert "0 of 8 questions fully right: 0 of 2.8 points" in said
    assert "against what was measured, though the key has no answer: q01\n" in said
    assert "not checked, the key has no answer: q02\n" in said
    told = said[said.index("q01  against what was measured; the key has no answer  (0.3 points)") :]
    assert "look again at: LIME" in told and "of the light" not in said and "q02  " not in said
    shown = run(tmp_path, key, {"q01": Ticked(frozenset("a"))}, "--reveal", "--language", "zh-Hant")
    first, third = shown.split("q01　")[1].split("q03　")
    assert "與量測結果不符；標準答案尚無此題" in first and "該處" in first
    assert "正確答案" not in first and "正確答案" in third
    data = json.loads(run(tmp_path, key, {"q01": Ticked(frozenset("a"))}, "--json"))
    first, second = data["questions"][:2]
    assert (first["state"], first["points"], first["refuted"]) == ("open", None, True)
    assert first["look_again"] and "refuted" not in second and "look_again" not in second


def test_which_option_of_an_open_question_was_refuted_is_not_told(tmp_path: Path) -> None:
    bank = made_bank(5)
    key = made_key(bank)
    question = next(each for each in scored_questions(key, bank) if each.kind == "several")
    names = question.options
    path = answers_file(tmp_path, {question.id: Ticked(frozenset(names[:2]))})
    either = [left_open(key, question.id, **{name: False}) for name in names[:2]]
    lacking = left_open(key, question.id, **{names[2]: True})
    said = [check_answers(path, each, bank) for each in (*either, lacking)]
    assert said[0].refuted == [question.id] and said[0] == said[1] == said[2]
    for holds in ({names[2]: False}, {names[0]: True}, {}):
        assert check_answers(path, left_open(key, question.id, **holds), bank).refuted == []
    # What another measurement may turn is not held against anybody.
    contested = either[0].questions[[each.id for each in key.questions].index(question.id)]
    flips = Flips(share=0.1)
    options = [one.model_copy(update={"flips": flips}) for one in contested.options]
    turned = with_question(either[0], question.id, options=options)
    assert check_answers(path, turned, bank).refuted == []


def test_a_drop_down_left_empty_is_not_held_against_what_was_measured(tmp_path: Path) -> None:
    bank = made_bank(5)
    key = made_key(bank)
    question = next(each for each in scored_questions(key, bank) if each.kind == "pair")
    (one, choices), (other, _) = question.blanks
    entry = next(each for each in key.questions if each.id == question.id)
    verdict = next(each for each in entry.options if each.blank == one)
    for holds, refuted in ((False, True), (True, False)):
        options = [
            each.model_copy(update={"holds": holds if each is verdict else None})
            for each in entry.options
        ]
        left = with_question(key, question.id, state="open", correct={}, options=options)
        chosen = verdict.id if verdict.id in choices else verdict.text
        path = answers_file(tmp_path, {question.id: Chosen(frozenset({(one, str(chosen))}))})
        assert (check_answers(path, left, bank).refuted == [question.id]) is refuted
        elsewhere = dict(question.blanks)[other][0]
        path = answers_file(tmp_path, {question.id: Chosen(frozenset({(other, elsewhere)}))})
        assert check_answers(path, left, bank).refuted == []


def test_a_bundle_makes_the_key_first(
    tmp_path: Path, bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[dict[str, object]] = []

    def make_key(**given: object) -> object:
        seen.append(given)
        return types.SimpleNamespace(key=made_key(bank), evidence=Evidence())

    stub = types.ModuleType("solver.pipeline.make_key")
    stub.make_key = make_key  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "solver.pipeline.make_key", stub)
    monkeypatch.setattr("grader.cli.key.chosen_device", lambda wanted: "cpu")
    monkeypatch.setattr("solver.pipeline.key_folder.load_bank", lambda _: bank)
    monkeypatch.setattr(
        "solver.pipeline.up_to_date.inputs_hash", lambda *_, **__: "what is no bundle"
    )
    question = scored_questions(made_key(bank), bank)[0]
    path = answers_file(tmp_path, {"q01": question.accepted[0]})
    args = [str(path), "--bundle", str(tmp_path), "--bank", str(tmp_path)]
    result = CliRunner().invoke(command, args)
    assert "1 of 10 questions fully right" in result.output
    assert seen[0]["bundle"] == tmp_path
    assert seen[0]["out"] is None  # nothing is left unless asked for
    kept = CliRunner().invoke(command, [*args, "--out", str(tmp_path / "mine")])
    assert kept.exit_code == 0
    assert seen[1]["out"].parent == tmp_path  # beside it, until all is there
    assert (tmp_path / "mine").is_dir()


@pytest.mark.parametrize("args", [[], ["--key", "k.yaml", "--bundle", "b"], ["--out", "o"]])
def test_a_key_or_a_bundle(tmp_path: Path, args: list[str]) -> None:
    result = CliRunner().invoke(command, [str(tmp_path / "a.yaml"), *args])
    assert result.exit_code == 2


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("answers: {q01: z}", "q01"),
        ("answers: {q99: a}", "q99"),
        ("answers: [q01]", "answers"),
        ("answers: {q01: a, q01: b}", "twice"),
        ("- a", "answers"),
    ],
)
def test_a_wrong_file_gets_a_sentence(tmp_path: Path, text: str, says: str) -> None:
    bank = made_bank(4)
    path = tmp_path / "answers.yaml"
    path.write_text(text)
    with pytest.raises(ExportError, match=says) as found:
        check_answers(path, made_key(bank), bank)
    assert "line 1" in str(found.value)


def test_every_kind_of_explanation_has_a_name() -> None:
    """The names are held against the registry, so that a new kind is not forgotten."""
    pytest.importorskip("torch")
    from solver.explain.registry import all_explanations

    assert all_explanations()
    for kind in all_explanations():
        (name,) = explanation_names([f"{kind}/1/2"])
        assert not name.en.startswith(kind + "/"), kind
        assert name.zh_hant != name.en


def test_layers_of_another_network_are_named_by_their_names() -> None:
    records = ["activation/layer1.0.conv1/4", "module/layer1.0.relu"]
    assert [(name.en, name.zh_hant) for name in explanation_names(records)] == [
        (
            "filter activation of layer layer1.0.conv1 on picture 4",
            "layer1.0.conv1 層濾波器對圖片 4 的活化",
        ),
        ("module layer1.0.relu of the network", "網路中名為 layer1.0.relu 的層"),
    ]


def test_records_of_one_explanation_are_named_together() -> None:
    records = [f"saliency/{k}" for k in (3, 1, 2, 7)] + ["regions/1", "activation/6/0"]
    records += ["activation/23/0", "activation/6/1", "lime", "other/3", "saliency/1"]
    assert [name.en for name in explanation_names(records)] == [
        "saliency map of pictures 1–3, 7",
        "filter activation of layer 6 on pictures 0, 1",
        "filter activation of layer 23 on picture 0",
        "lime",
        "other/3",
    ]
    nine = [f"hidden_states/{model}/{item}" for model in (1, 2, 3) for item in (1, 2, 3)]
    steps = [f"integrated_gradients/7/{steps}" for steps in (10, 100, 1000)]
    layers = [f"activation/{layer}/{picture}" for layer in (4, 0, 8) for picture in (0, 1)]
    assert [name.en for name in explanation_names(nine + steps + layers)] == [
        "hidden states of models 1–3 on reading questions 1–3, drawn in two dimensions",
        "integrated gradients of picture 7 (10, 100, 1000 steps)",
        "filter activation of layers 0, 4, 8 on pictures 0, 1",
    ]
    (name,) = explanation_names(layers)
    assert name.zh_hant == "第 0、4、8 層濾波器對圖片 0、1 的活化"
    assert [name.en for name in explanation_names(["regions/1"])] == [
        "the named regions of picture 1"
    ]
    assert explanation_names([]) == ()
