"""Figures of BERT drawn from made evidence: all is named, and hostile text stays text."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solver.evidence import Evidence, Record
from solver.page.figures.registry import figure_html
from solver.page.figures.scatter import FONT, HEIGHT, LETTER, WIDTH, name_places
from solver.rules.registry import Figure

HOSTILE = "</svg><script>alert(1)</script>"
PIECES = ["[CLS]", "the", "cat", HOSTILE, "[SEP]"]


def made() -> Evidence:
    chance = np.random.default_rng(1)
    tokens = len(PIECES)
    records = [
        Record(
            "attention",
            {"attentions": chance.dirichlet(np.ones(tokens), (2, 3, tokens))},
            {"pieces": PIECES, "special": [True] + [False] * 3 + [True], "links": [[2, 1]]},
        ),
        Record(
            "masked_words/0", {}, {"likeliest": [[HOSTILE, 0.5], ["b", 0.1]], "sentence": "a b"}
        ),
        Record(
            "corpus_search",
            {"counts": np.array([[3, 1, 0], [0, 4, 0]])},
            {
                "tags": ["ADJ", "NOUN", "VERB"],
                "tag": "NOUN",
                "nearest": [[[HOSTILE, "ADJ"]], [["b", "NOUN"], ["b", "NOUN"]]],
            },
        ),
        Record(
            "hidden_states/1/1",
            {"points": chance.normal(size=(2, tokens, 2)), "roles": np.array([0, 1, 2, 3, 0])},
            {"pieces": PIECES},
        ),
        Record(
            "embeddings", {"states": chance.normal(size=(2, 4, 2, 3))}, {"sentences": ["s"] * 4}
        ),
        Record("similarity_picture", {"values": chance.uniform(size=(4, 4))}),
    ]
    return Evidence({record.id: record for record in records})


FIGURES = [
    Figure("bert_attention", {"record": "attention", "head": 2}),
    Figure("bert_links", {"record": "attention", "heads": [[1, 1], [2, 3]]}),
    Figure("bert_words", {"records": ["masked_words/0"]}),
    Figure("bert_tags", {"record": "corpus_search"}),
    Figure("bert_scatter", {"record": "hidden_states/1/1"}),
    Figure("bert_matrices", {"records": ["embeddings", "similarity_picture"], "layer": 1}),
    Figure("bert_curve", {"values": [0.9, 0.2, 0.5], "first": 0}),
]


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.kind)
def test_a_figure_is_drawn_and_lets_no_text_out(figure: Figure) -> None:
    html = str(figure_html(figure, made()))
    assert 'class="note"' not in html
    assert "<script" not in html
    assert "style=" not in html
    assert "nan" not in re.sub(r"base64,[^\"]*", "", html)
    assert html == str(figure_html(figure, made()))


@pytest.mark.parametrize("figure", FIGURES[:-1], ids=lambda figure: figure.kind)
def test_without_evidence_a_sentence_stands_there(figure: Figure) -> None:
    assert 'class="note"' in str(figure_html(figure, Evidence()))


def test_points_read_off_a_plot_are_drawn_without_names_by_the_roles_of_their_layer() -> None:
    points = np.random.default_rng(2).normal(size=(2, 5, 2))
    roles = np.array([[1, 2, 3, 2, 2], [1, 2, 3, 0, 0]])
    record = Record("hidden_states/1/1", {"points": points, "roles": roles})
    evidence = Evidence({record.id: record})
    for layer, (circles, diamonds) in {1: (4, 1), 2: (2, 1)}.items():
        figure = Figure("bert_scatter", {"record": record.id, "layers": [layer]})
        html = str(figure_html(figure, evidence))
        plot = html[html.index("<figure>") + 8 : html.index("<figcaption>")]
        assert 'class="note"' not in html
        assert (plot.count("<circle"), plot.count("<path")) == (circles, diamonds)
        assert "<text" not in plot and "<line" not in plot


def test_every_token_but_the_special_ones_is_named_in_the_plot() -> None:
    html = str(figure_html(FIGURES[4], made()))
    for layer in html.split("<details>")[1:]:
        assert all(f">{word}</text>" in layer for word in ("the", "cat"))
        assert "[CLS]" not in layer


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), count=st.integers(1, 120))
def test_names_lie_inside_and_on_no_other_name(seed: int, count: int) -> None:
    chance = np.random.default_rng(seed)
    points = chance.uniform((60, 60), (WIDTH - 120, HEIGHT - 60), (count, 2))
    names = ["word" * int(chance.integers(1, 3)) for _ in range(count)]
    boxes = [
        (left, top, left + LETTER * len(name) + 2, top + FONT)
        for (left, top), name in zip(name_places(points, names), names, strict=True)
    ]
    for at, (left, top, right, bottom) in enumerate(boxes):
        assert left >= 0 and right <= WIDTH and top >= 0 and bottom <= HEIGHT
        for a, b, c, d in boxes[:at]:
            assert right <= a + 1e-6 or c <= left + 1e-6 or bottom <= b + 1e-6 or d <= top + 1e-6
