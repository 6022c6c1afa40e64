"""Notebooks read for their literals, and never run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.cli.bundle import bundle
from solver.bundle.bert_materials import load_materials
from solver.bundle.init import bert_file_from, numbered_answers
from solver.bundle.notebook import read_notebook, sentences_with, without_commands
from solver.errors import BundleError, InputError

CONTEXTS = [
    "The old mill stands by the river. It was built in 1790 by two brothers, \\\n"
    "             and it still grinds rye for the villages around it.",
    "Geese are afraid of dogs. Dogs are afraid of bees. Ida is a goose. Otto is a bee.",
]
SENTENCES = ["昨天吃了蘋果", "蘋果蘋果都漲了", "蘋果電腦壞了"]


def notebook(folder: Path, *cells: str) -> Path:
    path = folder / "HW.ipynb"
    listed = [{"cell_type": "code", "source": cell.splitlines(True)} for cell in cells]
    text = {"cell_type": "markdown", "source": ["What is a question in the text?"]}
    path.write_text(json.dumps({"cells": [text, *listed]}), "utf-8")
    return path


READING = f'''
"""A docstring. What is it for, and why? It is a text of many words that stands in no context."""
!pip install transformers
%matplotlib inline
for n in range(3):
    !echo "Is this a question in a command?"
questions = ["When was the mill built?", "What is Ida afraid of?"]
contexts = ["{CONTEXTS[0]}",
            "{CONTEXTS[1]}"]
answers = ["1790", "dogs"]
'''
EMBEDDING = f"""
places = [4, 2, 0]
sentences = []
sentences += ["{SENTENCES[0]}"]
sentences += ["{SENTENCES[1]}"]
sentences += ["{SENTENCES[2]}"]
raise SystemExit("this must not run")
"""


def test_items_and_sentences_are_found_by_what_they_are(tmp_path: Path) -> None:
    found = read_notebook(notebook(tmp_path, READING, EMBEDDING, "this is = not python ="))
    spaced = CONTEXTS[0].replace("\\\n", "")
    assert found.items == [
        ("When was the mill built?", spaced, "1790"),
        ("What is Ida afraid of?", CONTEXTS[1], "dogs"),
    ]
    assert found.sentences == [(SENTENCES[0], 4), (SENTENCES[1], 2), (SENTENCES[2], 0)]
    assert found.unread == [3]


def test_a_list_that_does_not_point_at_the_word_is_not_taken() -> None:
    assert sentences_with(SENTENCES, [[1, 1, 1], [0, 1]], "蘋果") == [
        (SENTENCES[0], 4),
        (SENTENCES[1], 0),
        (SENTENCES[2], 0),
    ]


def test_nothing_is_run(tmp_path: Path) -> None:
    trap = tmp_path / "ran"
    read_notebook(notebook(tmp_path, f"open({str(trap)!r}, 'w').write('x')\n" + READING))
    assert not trap.exists()


def test_commands_are_put_aside_line_by_line() -> None:
    assert without_commands("!a\nb = 1\n  %c d\n") == "pass\nb = 1\n  pass\n"


@settings(max_examples=60, deadline=None)
@given(source=st.text(max_size=60))
def test_any_cell_is_read_or_named(tmp_path_factory: pytest.TempPathFactory, source: str) -> None:
    folder = tmp_path_factory.mktemp("any")
    found = read_notebook(notebook(folder, source.replace("\ud800", "")))
    assert found.unread in ([], [1])


@pytest.mark.parametrize("content", ["", "[]", "{", '{"cells": 3}', '{"cells": [1, null]}'])
def test_what_is_no_notebook_is_said_so(tmp_path: Path, content: str) -> None:
    path = tmp_path / "HW.ipynb"
    path.write_text(content)
    if content == '{"cells": [1, null]}':
        assert read_notebook(path).items == []
    else:
        with pytest.raises(BundleError, match="not a notebook"):
            read_notebook(path)


def call(*arguments: Any) -> Any:
    return CliRunner().invoke(bundle, ["init", *map(str, arguments)])


def test_the_file_written_is_one_that_loads(tmp_path: Path) -> None:
    path = notebook(tmp_path, READING, EMBEDDING)
    result = call("--notebook", path, tmp_path / "course")
    assert result.exit_code == 0, result.output
    file = load_materials(tmp_path / "course").file
    assert file.reading is not None and file.embeddings is not None
    assert [item.answer for item in file.reading.items] == ["1790", "dogs"]
    assert [place.at for place in file.embeddings.sentences] == [4, 2, 0]
    before = (tmp_path / "course" / "bert.yaml").read_bytes()
    again = call("--notebook", path, tmp_path / "course")
    assert isinstance(again.exception, BundleError) and "--force" in str(again.exception)
    assert call("--notebook", path, "--force", tmp_path / "course").exit_code == 0
    assert (tmp_path / "course" / "bert.yaml").read_bytes() == before


OF_2021 = """tokenizer = AutoTokenizer.from_pretrained(f"hw9_bert/tokenizer{MODEL}")
states = torch.load(f"hw9_bert/output/model{MODEL}_q{QUESTION}")"""
OF_2022 = """tokenizer = AutoTokenizer.from_pretrained("hw9_bert/Tokenizer")
states = torch.load(f"hw9_bert/output/model_q{QUESTION}")"""


def test_a_notebook_of_2021_gets_its_sentence_and_three_models(tmp_path: Path) -> None:
    result = call("--notebook", notebook(tmp_path, READING, OF_2021, EMBEDDING), tmp_path)
    assert result.exit_code == 0, result.output
    assert "does not" not in result.output
    file = load_materials(tmp_path).file
    assert file.attention is not None and "professor" in file.attention.sentence
    assert file.masked is not None and file.masked.word == "her"
    assert file.reading is not None and file.reading.models == [1, 2, 3]
    assert file.reading.tokenizer_of(2) == "tokenizer2"
    assert file.reading.states_of(2, 1) == "output/model2_q1"


def test_a_notebook_of_a_later_year_gets_nothing_that_is_2021s(tmp_path: Path) -> None:
    result = call("--notebook", notebook(tmp_path, READING, OF_2022, EMBEDDING), tmp_path)
    assert result.exit_code == 0, result.output
    assert "does not hold the exBERT sentence" in result.output
    file = load_materials(tmp_path).file
    assert (file.attention, file.masked) == (None, None)
    assert file.reading is not None and file.reading.models == [1]
    assert file.reading.tokenizer_of(1) == "Tokenizer"
    assert file.reading.states_of(1, 2) == "output/model_q2"
    assert "professor" not in (tmp_path / "bert.yaml").read_text("utf-8")


def test_a_notebook_that_does_not_tell_its_year_is_said_so(tmp_path: Path) -> None:
    result = call("--notebook", notebook(tmp_path, READING, EMBEDDING), tmp_path)
    assert "the notebook does not say which edition it is" in result.output
    assert "check them" in result.output
    assert load_materials(tmp_path).file.attention is None


def test_a_question_without_its_context_is_named(tmp_path: Path) -> None:
    short = READING.replace(CONTEXTS[1], "Ida fears dogs.")
    assert read_notebook(notebook(tmp_path, READING)).unpaired == []
    assert read_notebook(notebook(tmp_path, short)).unpaired == ["What is Ida afraid of?"]
    path = notebook(tmp_path, short)
    result = CliRunner().invoke(bundle, ["init", "--notebook", str(path), str(tmp_path / "b")])
    assert "paired wrongly: What is Ida afraid of?\n" in result.output


@pytest.mark.parametrize(
    ("cell", "there", "lacking"),
    [(READING, "reading", "embeddings"), (EMBEDDING, "embeddings", "reading")],
)
def test_a_part_of_which_the_notebook_holds_nothing_is_left_out_and_said(
    tmp_path: Path, cell: str, there: str, lacking: str
) -> None:
    result = call("--notebook", notebook(tmp_path, cell), tmp_path)
    assert result.exit_code == 0, result.output
    assert f"holds nothing for the part {lacking}: add it" in result.output
    file = load_materials(tmp_path).file
    assert getattr(file, there) is not None
    assert getattr(file, lacking) is None


def test_a_notebook_of_the_other_half_is_refused_with_what_to_do(tmp_path: Path) -> None:
    result = call("--notebook", notebook(tmp_path, "explain(saliency)"), tmp_path)
    assert "has nothing on BERT" in str(result.exception)
    assert "write bert.yaml by hand" in str(result.exception)
    assert not (tmp_path / "bert.yaml").exists()


def test_a_missing_answer_is_asked_for_and_taken(tmp_path: Path) -> None:
    path = notebook(tmp_path, READING.replace('"dogs"', '"x"'), EMBEDDING)
    result = call("--notebook", path, tmp_path)
    assert "--answer 2=TEXT" in str(result.exception)
    assert not (tmp_path / "bert.yaml").exists()
    assert call("--notebook", path, "--answer", "2=dogs", tmp_path).exit_code == 0
    wrong = call("--notebook", path, "--answer", "2=cows", "--force", tmp_path)
    assert "is not in item 2's context" in str(wrong.exception)


def test_answers_are_numbered() -> None:
    assert numbered_answers(["2=a=b", " 1 = x "]) == {2: "a=b", 1: "x"}
    with pytest.raises(InputError, match="not a number"):
        numbered_answers(["dogs"])


def test_what_python_would_warn_of_is_not_the_readers_concern(tmp_path: Path) -> None:
    found = read_notebook(notebook(tmp_path, READING, EMBEDDING, "x = '\\d' is 1"))
    assert len(found.items) == 2 and found.unread == []  # a warning would fail this test


def test_a_number_longer_than_python_reads_makes_it_no_notebook(tmp_path: Path) -> None:
    (tmp_path / "HW.ipynb").write_text('{"cells": ' + "9" * 10_000 + "}")
    with pytest.raises(BundleError, match="is no JSON"):
        read_notebook(tmp_path / "HW.ipynb")


def test_halves_of_characters_are_no_text(tmp_path: Path) -> None:
    cell = "sentences = ['\\ud800 蘋果', '昨天吃了蘋果']"
    assert read_notebook(notebook(tmp_path, cell)).sentences == [("昨天吃了蘋果", 4)]


@pytest.mark.parametrize(
    ("cell", "answers", "said"),
    [
        (EMBEDDING.replace(SENTENCES[0], SENTENCES[0] + "x" * 30_000), {}, "20000 characters"),
        (EMBEDDING, {1: "1791"}, "is not in item 1"),
    ],
)
def test_what_bert_yaml_cannot_take_names_the_notebook(
    tmp_path: Path, cell: str, answers: dict[int, str], said: str
) -> None:
    path = notebook(tmp_path, READING, cell)
    with pytest.raises(BundleError, match=said) as caught:
        bert_file_from(read_notebook(path), answers, path)
    assert caught.value.path == path
