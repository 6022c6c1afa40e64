"""The BERT explanations on the demo's models, against what they should be by another way."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from solver.bundle.bundle import Bundle, load_bundle
from solver.errors import BundleError
from solver.evidence import Record
from solver.explain.bert import corpus_search
from solver.explain.bert.attention import place_of, word_span
from solver.explain.bert.embeddings import CHANGES, changed_pair, characters
from solver.explain.bert.hidden_states import ANSWER, CONTEXT, QUESTION, SPECIAL
from solver.explain.bert.projection import principal_points
from solver.explain.bert.similarity_image import open_picture, read_matrix, viridis
from solver.explain.job import ExplainSettings, Job
from solver.explain.registry import expected_inputs, explanation_for
from solver.files.resources import data_folder
from solver.models.bert import Bert, load_tokenizer

REAL_SLIDE = Path(__file__).resolve().parents[5] / "shared" / "real" / "similarity_slide.png"


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return load_bundle(data_folder("demo"))


def run(bundle: Bundle, identifier: str, **changes: int) -> Record:
    passes: list[int] = []
    job = Job(identifier, bundle, ExplainSettings(**changes), advance=passes.append)
    record = explanation_for(identifier).run(job)
    assert record.inputs == expected_inputs(job)
    assert sum(passes) == explanation_for(identifier).passes(job)  # as the bar was told
    return record


def test_attention_rows_are_shares_and_links_lead_to_their_words(bundle: Bundle) -> None:
    record = run(bundle, "attention")
    weights, pieces = record.array("attentions", 4), record.value("pieces")
    assert weights.shape[:2] == (12, 12)
    assert np.allclose(weights.sum(-1), 1, atol=1e-4)
    for (a, b), (source, target) in zip(
        record.value("links"), record.value("link_words"), strict=True
    ):
        assert source.startswith(pieces[a]) and target.startswith(pieces[b])


@pytest.mark.parametrize(("word", "begin"), [("her", 12), ("he", 0), ("other", 4)])
def test_a_word_is_found_whole(word: str, begin: int) -> None:
    sentence = "he, other m her"
    assert word_span(sentence, word) == (begin, begin + len(word))


def test_the_masked_word_is_read_at_its_own_place(bundle: Bundle) -> None:
    alone, both = (run(bundle, f"masked_words/{n}") for n in (0, 1))
    assert alone.value("sentence").count("[MASK]") == 1
    assert both.value("sentence").count("[MASK]") == 2
    for record in (alone, both):
        assert record.array("probabilities").sum() == pytest.approx(1)
        # The word asked for is a pronoun: so is what stands first, had the place been mistaken.
        assert record.value("likeliest")[0][0] in ("her", "him", "them")


def search_by_hand(bert: Bert, bundle: Bundle, query: np.ndarray, k: int) -> np.ndarray:
    """The k largest cosines of every layer, sentence by sentence."""
    best: list[list[float]] = [[] for _ in query]
    for sentence in bundle.bert.corpus:
        encoding = bert.tokenizer.encode_words(list(sentence.words), bert.longest)
        for layer, state in enumerate(bert.hidden_states([encoding])[:-1]):
            vectors = state[0, 1:-1].numpy()
            unit = vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
            best[layer] += (unit @ query[layer]).tolist()
    return np.array([sorted(values, reverse=True)[:k] for values in best])


def test_the_corpus_search_finds_what_a_plain_search_finds(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    bert = bundle.bert.english
    shortened = bundle.bert.corpus[:40]
    monkeypatch.setitem(bundle.bert.__dict__, "corpus", shortened)
    record = run(bundle, "corpus_search", corpus_nearest=7)
    masked = bert.tokenizer.encode(
        bundle.bert.file.attention.sentence.replace("professor", "[MASK]")
    )
    at = masked.ids.index(bert.tokenizer.mask_id)
    query = np.stack([state[0, at].numpy() for state in bert.hidden_states([masked])[:-1]])
    query /= np.linalg.norm(query, axis=-1, keepdims=True)
    expected = search_by_hand(bert, bundle, query, 7)
    assert np.allclose(record.array("similarities"), expected, atol=1e-5)
    assert record.array("counts").sum(1).tolist() == [7] * 12
    tags = record.values["tags"]
    for row, words in zip(record.array("tags"), record.values["nearest"], strict=True):
        assert [tag for _, tag in words] == [tags[at] for at in row]
    # However the corpus is cut into batches, the same is found.
    monkeypatch.setattr(corpus_search, "PIECES_AT_ONCE", 60)
    again = run(bundle, "corpus_search", corpus_nearest=7)
    assert np.allclose(again.array("similarities"), expected, atol=1e-5)
    assert np.array_equal(again.array("tags"), record.array("tags"))


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 1000), cuts=st.lists(st.integers(1, 39), max_size=4), k=st.integers(1, 9)
)
def test_the_nearest_do_not_depend_on_the_batches(seed: int, cuts: list[int], k: int) -> None:
    values = torch.randint(0, 9, (2, 40), generator=torch.Generator().manual_seed(seed)) / 9
    nearest = corpus_search.Nearest(k, layers=2)
    edges = sorted({0, 40, *cuts})
    for begin, end in pairwise(edges):
        nearest.offer(values[:, begin:end], begin)
    whole = values.argsort(dim=1, descending=True, stable=True)[:, :k]
    assert torch.equal(nearest.places, whole)


def test_roles_mark_question_context_and_answer(bundle: Bundle) -> None:
    for model in (1, 2, 3):
        for item in (1, 2, 3):
            record = run(bundle, f"hidden_states/{model}/{item}")
            roles, pieces = record.array("roles"), record.value("pieces")
            asked = bundle.bert.file.reading.items[item - 1]
            answer = "".join(p for p, r in zip(pieces, roles, strict=True) if r == ANSWER)
            plain = answer.replace("##", "").lower()
            assert plain.replace(asked.answer.lower(), "") == "" and plain
            assert {pieces[n] for n in np.flatnonzero(roles == SPECIAL)} == {"[CLS]", "[SEP]"}
            assert (
                np.flatnonzero(roles == QUESTION) < np.flatnonzero(roles == CONTEXT).min()
            ).all()
            assert record.array("points").shape == (12, len(pieces), 2)


def test_principal_components_are_those_of_the_covariance() -> None:
    states = np.random.default_rng(1).normal(size=(30, 6)).astype(np.float32) * [5, 3, 1, 1, 1, 1]
    points = principal_points(states.astype(np.float32), 0)
    _, vectors = np.linalg.eigh(np.cov(states.T))
    expected = (states - states.mean(0)) @ vectors[:, ::-1][:, :2]
    assert np.allclose(np.abs(points), np.abs(expected), atol=1e-3)


def test_every_trial_changes_one_thing(bundle: Bundle) -> None:
    part = bundle.bert.file.embeddings
    texts = [(one.text, one.at) for one in part.sentences]
    for which in range(len(texts)):
        pairs = {change: changed_pair(texts, which, part.word, change) for change in CHANGES}
        for change, ((before, a), (after, b)) in pairs.items():
            assert before[a : a + 2] == after[b : b + 2] == part.word
            assert (len(before) != len(after)) == (change == "length")
            assert (a != b) == (change == "position")
            times = after.count(part.word) - before.count(part.word)
            assert (times != 0) == (change == "frequency")


def test_layer_0_depends_on_position_alone(bundle: Bundle) -> None:
    record = run(bundle, "embedding_trials")
    moved = dict(
        zip(
            record.value("changes"),
            np.abs(1 - record.array("similarities")).max((1, 2)),
            strict=True,
        )
    )
    # Each change leaves the other three alone.
    assert (record.array("held") != np.eye(4)).all()
    # By the build of a BERT: layer 0 is the sum of word, position and segment.
    assert {change for change, most in moved.items() if most > 1e-4} == {"position"}


def test_embeddings_of_one_position_are_the_same_at_layer_0(bundle: Bundle) -> None:
    record = run(bundle, "embeddings")
    states, places = record.array("states"), record.array("places")
    for a in range(len(places)):
        for b in range(a):
            near = np.abs(states[0, a] - states[0, b]).max() < 1e-5
            assert near == (places[a] == places[b])


def drawn(values: np.ndarray, cell: int, text: bool, blur: bool) -> np.ndarray:
    """A picture of a matrix: white around, dark text beside it, edges blended if asked."""
    n = len(values)
    colours = viridis()[np.round(values * 255).astype(int)].astype(np.uint8)
    field = colours.repeat(cell, 0).repeat(cell, 1)
    picture = np.full((n * cell + 60, n * cell + 120, 3), 255, np.uint8)
    picture[30 : 30 + n * cell, 100 : 100 + n * cell] = field
    if text:
        for row in range(n):
            picture[34 + row * cell : 38 + row * cell, 20:80] = 30
    image = Image.fromarray(picture)
    if blur:
        size = (picture.shape[1] * 3 // 4, picture.shape[0] * 3 // 4)
        image = image.resize(size, Image.Resampling.BILINEAR)
    return np.asarray(image)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 1000),
    n=st.integers(4, 12),
    cell=st.integers(16, 40),
    text=st.booleans(),
    blur=st.booleans(),
)
def test_a_drawn_matrix_is_read_back(seed: int, n: int, cell: int, text: bool, blur: bool) -> None:
    values = np.random.default_rng(seed).uniform(size=(n, n))
    values = (values + values.T) / 2
    np.fill_diagonal(values, 1)
    picture = drawn(values, cell, text, blur)
    colours, _ = read_matrix(picture, n, Path("slide.png"))
    expected = viridis()[np.round(values * 255).astype(int)]
    assert np.abs(colours.astype(float) - expected).max() < 12


def test_a_picture_without_a_matrix_is_refused(tmp_path: Path) -> None:
    white = np.full((200, 300, 3), 255, np.uint8)
    with pytest.raises(BundleError, match="holds no field of 10 by 10 cells"):
        read_matrix(white, 10, tmp_path / "slide.png")
    with pytest.raises(BundleError, match="there is no such file"):
        open_picture(tmp_path / "none.png")
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(BundleError, match="is broken or no JPEG or PNG"):
        open_picture(tmp_path / "text.png")


def test_the_real_slide_is_read() -> None:
    if not REAL_SLIDE.is_file():
        pytest.skip("the real slide is not beside this checkout")
    from solver.explain.bert.similarity_image import on_map

    colours, _ = read_matrix(open_picture(REAL_SLIDE), 10, REAL_SLIDE)
    values, _ = on_map(colours)
    assert np.abs(values - values.T).max() < 0.02
    assert np.allclose(values.diagonal(), 1)
    fruit = np.arange(10) < 5
    same = fruit[:, None] == fruit
    assert values[same].min() > values[~same].mean()


def test_a_word_that_the_tokenizer_passes_over_is_named_with_its_file(tmp_path: Path) -> None:
    encoding = load_tokenizer(data_folder("demo") / "bert-base-cased").encode("her  book")
    with pytest.raises(BundleError, match=r"bert\.yaml: the word ' ' is none to"):
        place_of(encoding, "her  book", " ", tmp_path / "bert.yaml")


def test_a_word_that_the_vocabulary_does_not_have_is_not_measured_as_unknown(
    bundle: Bundle,
) -> None:
    english, chinese = bundle.bert.english, bundle.bert.chinese
    states, _, _ = characters(chinese, [("蘋果", 0)], 2, layers=0)
    assert states.shape[:3] == (1, 1, 2)
    with pytest.raises(BundleError, match="does not have each character of '蘋果'"):
        characters(english, [("蘋果", 0)], 2, layers=0)
    with pytest.raises(BundleError, match="does not have each character of '蘋龘'"):
        characters(chinese, [("蘋龘", 0)], 2, layers=0)
