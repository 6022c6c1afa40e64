"""A DistilBERT of random weights carries the questions on hidden states and embeddings."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from click.testing import CliRunner
from transformers import AutoModel, BertTokenizer

from grader.cli.key import key as key_command
from solver.evidence import load_evidence
from solver.files.resources import data_folder
from tests.solver.made_encoder import write_encoder
from tests.solver.made_network import write_yaml


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's texts and pictures; the Chinese model and one reading model are DistilBERTs."""
    folder, demo = tmp_path_factory.mktemp("encoder"), data_folder("demo")
    (folder / "food").symlink_to(demo / "food")
    said = yaml.safe_load((demo / "bert.yaml").read_text(encoding="utf-8"))
    said["chinese"] = "distil"
    part = said["reading"]
    said["reading"] = {"folder": "readers", "models": [1], "encoder": "reader{model}",
                       "items": part["items"][:2]}  # fmt: skip
    for name in ("english", "attention", "masked", "corpus", "slide"):
        del said[name]
    write_yaml(folder / "bert.yaml", said)
    sizes = {"n_layers": 12, "max_position_embeddings": 512}
    for model, vocabulary in (
        ("distil", demo / "bert-base-chinese" / "vocab.txt"),
        ("readers/reader1", demo / "hw9_bert" / "tokenizer1" / "vocab.txt"),
    ):
        pieces = vocabulary.read_text(encoding="utf-8").splitlines()
        write_encoder(folder / model, "distilbert", pieces, **sizes)
    return folder


def test_it_answers_them_from_the_bundle_to_the_key(course: Path, tmp_path: Path) -> None:
    bank = Path(__file__).parents[4] / "questions" / "2021"
    own = tmp_path / "bank"
    own.mkdir()
    for name in ("bank.yaml", "07-hidden-states.yaml", "08-embeddings.yaml"):
        text = (bank / name).read_text(encoding="utf-8").replace("[1, 2, 3]}", "[1, 2]}")
        (own / name).write_text(text, encoding="utf-8")
    asked = ["--bundle", course, "--bank", own, "--only", "q25,q29,q30", "--out", tmp_path / "key"]
    ran = CliRunner().invoke(key_command, [*map(str, asked), "--json"])
    assert ran.exit_code == 0, ran.output
    assert {name: one["lacks"] for name, one in json.loads(ran.stdout).items()} == {
        "q25": [], "q29": [], "q30": [],
    }  # fmt: skip
    evidence = load_evidence(tmp_path / "key" / "evidence")
    read, embedded = evidence.get("hidden_states", 1, 2), evidence.get("embeddings")
    assert read.array("states").shape[::2] == (13, 8)

    item = yaml.safe_load((course / "bert.yaml").read_text("utf-8"))["reading"]["items"][1]
    folder = course / "readers" / "reader1"
    tokenizer = BertTokenizer(str(folder / "vocab.txt"), do_lower_case=False)
    theirs = AutoModel.from_pretrained(folder, attn_implementation="eager").eval()
    ids = torch.tensor([tokenizer(item["question"], item["context"])["input_ids"]])
    with torch.no_grad():
        states = theirs(input_ids=ids, output_hidden_states=True).hidden_states
    assert np.allclose(read.array("states"), torch.cat(states).numpy(), atol=1e-5)
    assert embedded.array("states").shape[::3] == (13, 8)
