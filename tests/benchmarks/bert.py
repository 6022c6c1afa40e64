"""How long the BERT half takes at full size, our way beside the plain way.

    python -m tests.benchmarks.bert --corpus novel.txt --tokenizer FOLDER

The network is the build of bert-base (12 layers, 768 wide) with random weights: what a pass costs
does not depend on them. The plain way runs a full pass for each sentence and compares layer by
layer; it is run on a part of the corpus and extrapolated by its pieces.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
from pathlib import Path
from typing import Any

import torch
from transformers import BertConfig, BertForMaskedLM

from solver.bundle.tagged_corpus import Sentence, paragraphs
from solver.explain.bert.corpus_search import Nearest, batches, search_batch, unit
from solver.explain.bert.embeddings import characters
from solver.models.bert import Bert, load_tokenizer
from tests.benchmarks.timing import Seconds, timed

SENTENCE = "The students visited the professor and asked her to teach them machine learning."
NEAREST = 50


def full_size(folder: Path, layers: int, width: int) -> Bert:
    """Return a BERT of the published build and of random weights, with a folder's tokenizer."""
    tokenizer = load_tokenizer(folder)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(tokenizer.inner),
        num_hidden_layers=layers,
        hidden_size=width,
        num_attention_heads=width // 64,
        intermediate_size=4 * width,
        attn_implementation="eager",
    )
    return Bert(BertForMaskedLM(config).eval(), tokenizer, "cpu")


def sentences_of(path: Path) -> list[Sentence]:
    """Return a plain text's sentences, split at closing marks; every word is tagged X."""
    found = []
    for paragraph in paragraphs(path.read_text(encoding="utf-8")):
        for one in re.split(r"(?<=[.!?])\s+", paragraph):
            words = tuple(re.findall(r"\w+|[^\w\s]", one))
            if words:
                found.append(Sentence(words, ("X",) * len(words)))
    return found


def ours(bert: Bert, corpus: list[Sentence], query: torch.Tensor) -> tuple[Nearest, int]:
    """Search as the program does; return what is nearest and how many pieces were compared."""
    best, seen = Nearest(NEAREST, len(query)), 0
    for batch in batches(bert, corpus):
        search_batch(bert, batch, query, best, seen)
        seen += sum(owner >= 0 for _, _, owners in batch for owner in owners)
    return best, seen


def plain(bert: Bert, corpus: list[Sentence], query: torch.Tensor) -> tuple[Nearest, int]:
    """Search a sentence at a time, a full pass each, with a product for every layer."""
    best, seen = Nearest(NEAREST, len(query)), 0
    for sentence in corpus:
        encoding = bert.tokenizer.encode_words(list(sentence.words), bert.longest)
        with torch.no_grad():
            inputs = bert.inputs([encoding])
            states = bert.model.bert(**inputs, output_hidden_states=True).hidden_states
        rows = [unit(states[layer][0, 1:-1]) @ query[layer] for layer in range(len(query))]
        best.offer(torch.stack(rows), seen)
        seen += len(encoding.ids) - 2
    return best, seen


def measure(bert: Bert, corpus: list[Sentence], part: int) -> list[dict[str, Any]]:
    """Return a row for each thing timed."""
    encoding = bert.tokenizer.encode(SENTENCE)
    states = bert.hidden_states([encoding], bert.layers - 1)
    query = unit(torch.stack([state[0, 5] for state in states]))
    some = corpus[:: max(1, len(corpus) // part)]
    (slow, few), slowly = timed(lambda: plain(bert, some, query))
    (quick, again), quickly = timed(lambda: ours(bert, some, query))
    agree = bool(torch.allclose(slow.similarities, quick.similarities, atol=1e-4))
    (_, pieces), whole = timed(lambda: ours(bert, corpus, query))
    extrapolated = Seconds(*(one * pieces / few for one in slowly))
    _, look = timed(lambda: bert.attentions(encoding))
    texts = [("他" * 10, 3)] * 10
    _, ten = timed(lambda: characters(bert, texts, 1))
    _, zero = timed(lambda: characters(bert, texts * 8, 1, layers=0))

    def row(what: str, pieces: int, took: Seconds, **more: Any) -> dict[str, Any]:
        seconds = {"seconds": took.clock, "cpu_seconds": took.cpu}
        return {"what": what, "pieces": pieces, **seconds, **more}

    return [
        row("corpus search, plain, a part", few, slowly),
        row("corpus search, ours, the same part", again, quickly,
            ratio=slowly.cpu / quickly.cpu, same_result=agree),
        row("corpus search, ours, whole", pieces, whole),
        row("corpus search, plain, whole (extrapolated)", pieces, extrapolated,
            ratio=extrapolated.cpu / whole.cpu),
        row("attention of the sentence", len(encoding.ids), look),
        row("ten sentences, every layer", 120, ten),
        row("eighty sentences, layer 0", 960, zero),
    ]  # fmt: skip


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--corpus", type=Path, required=True, help="a plain text, UTF-8")
    parser.add_argument("--tokenizer", type=Path, required=True, help="folder with a vocab.txt")
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--width", type=int, default=768)
    parser.add_argument("--part", type=int, default=120, help="sentences the plain way is run on")
    parser.add_argument("--json", action="store_true", dest="as_json")
    asked = parser.parse_args()
    bert = full_size(asked.tokenizer, asked.layers, asked.width)
    rows = measure(bert, sentences_of(asked.corpus), asked.part)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if asked.as_json:
        print(json.dumps({"threads": torch.get_num_threads(), "peak_mb": peak, "rows": rows}))
        return
    for one in rows:
        ratio = f"{one['ratio']:6.2f} x" if "ratio" in one else ""
        print(f"{one['what']:44} {one['pieces']:7} pieces {one['seconds']:8.2f} s "
              f"{one['cpu_seconds']:8.2f} s of CPU {ratio}")  # fmt: skip
    print(f"{torch.get_num_threads()} threads, {peak:.0f} MB at the peak")


if __name__ == "__main__":
    main()
