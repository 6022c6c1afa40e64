"""What a second `hw9 key` believes of its own folder, and a key that was changed by hand there."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from grader.key_changes.key_override import with_override
from grader.reports.question_texts import QuestionTexts
from grader.self_check.checking import check_answers, look_again
from solver.banks.bank import load_bank
from solver.decide.wording_lint import concerns
from solver.errors import Hw9Error
from solver.evidence import Evidence
from solver.files.resources import data_folder, shipped_bank
from solver.key import Key, dump_key, load_key, save_key
from solver.models.food_cnn import build_network
from solver.pipeline.key_folder import Workspace, make_once
from solver.pipeline.make_key import decide, make_key, needed_records, planned
from solver.pipeline.overrides import with_kept_overrides
from solver.pipeline.up_to_date import FILE as NOTE
from tests.fuzz.format import Format, Mutant
from tests.fuzz.inputs.evidence_formats import _other_npy_header, other_arrays
from tests.fuzz.inputs.torch_formats import WIDTHS, saved
from tests.fuzz.inputs.yaml_formats import YamlFormat
from tests.fuzz.made_evidence import made_record
from tests.fuzz.mutations.byte_mutations import damaged
from tests.fuzz.mutations.yaml_mutations import ODD_VALUES, _changed, mutated
from tests.fuzz.mutations.zip_mutations import packed, unpacked
from tests.grader.made.made_classes import overridden, with_question

ASKED = ["q05", "q14"]
"""Decided on records that take no time: a trace of SmoothGrad's call, and a layer's kind."""

TOLD = ["q05", "q14", "q22", "q30"]


class KeyFolders(Format):
    """A file of ``--out`` changed by hand or by a bad disk, then the same run again.

    An input begins with ``file|``. A run from a bundle goes on from what lies there, so whatever
    is changed, the very bytes of an undisturbed run must come out. What a TA set by hand in
    ``key.yaml`` stays; that is `StandingKeys`.
    """

    name = "key folder"
    share = 2

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        demo = data_folder("demo")
        self.bundle, self.out = folder / "bundle", folder / "out"
        self.bank = _bank_of(ASKED, folder / "questions")
        (self.bundle / "food").mkdir(parents=True)
        shutil.copy(demo / "food" / "1_2.png", self.bundle / "food")
        shutil.copytree(demo / "masks", self.bundle / "masks")
        shutil.copy(demo / "regions.yaml", self.bundle)
        state = build_network(WIDTHS, 3, 11).state_dict()
        (self.bundle / "checkpoint.pth").write_bytes(saved({"model_state_dict": dict(state)}))
        self.makes = 0
        self.run()
        self.whole = self.state()
        self.files = sorted(self.whole)
        self.seeds = [f"{name}|".encode() + self.whole[name] for name in self.files]

    def run(self) -> Key:
        """Make the key, or find it made."""

        def make(desk: Workspace) -> Key:
            self.makes += 1
            return make_key(
                bundle=self.bundle, bank=self.bank, out=desk.folder, stopped=desk.stopped
            ).key

        return make_once(self.out, make, {}, bank=self.bank, bundle=self.bundle).key

    def state(self) -> dict[str, bytes]:
        """Every file of the folder."""
        found = (path for path in self.out.rglob("*") if path.is_file())
        return {path.relative_to(self.out).as_posix(): path.read_bytes() for path in found}

    def mutant(self, rng: random.Random) -> Mutant:
        note = f"evidence/{NOTE}"
        name = rng.choice([*self.files, note, note, note, "evidence/manifest.json", "key.yaml"])
        whole, seed = self.whole[name], self.files.index(name)
        if rng.random() < 0.35:
            data, how = damaged(whole, rng)
        elif name == note:
            data, how = self._lying(json.loads(whole), rng)
        elif name.endswith(".json"):
            document, how = _changed(json.loads(whole), rng)
            data = json.dumps(document).encode("utf-8", "surrogatepass")
        elif name.endswith(".npz"):
            data, how = self._other_arrays(whole, rng)
        elif name == "key.yaml":
            made = mutated([whole], rng)
            data, how = made.data, made.how
        else:
            data, how = whole.replace(b"</h1>", rng.choice([b"", b"</h1><script>"])), "page"
        return Mutant(f"{name}|".encode() + data, f"{name}: {how}", "any", seed)

    def _lying(self, said: Any, rng: random.Random) -> tuple[bytes, str]:
        how = rng.choice(["out", "more", "hash", "inputs", "changed", "odd", "deep"])
        file = rng.choice(sorted(said["outputs"]))
        if how == "out":
            del said["outputs"][file]
        elif how == "more":
            said["outputs"]["evidence/no-such.npz"] = "0" * 64
        elif how == "hash":
            said["outputs"][file] = hashlib.sha256(rng.randbytes(3)).hexdigest()
        elif how == "inputs":
            said["inputs"] = rng.choice(["", "0" * 64, said["inputs"][:-1] + "0", None, 5])
        elif how == "changed":
            said, how = _changed(said, rng)
        elif how == "odd":
            said = rng.choice(ODD_VALUES)
        else:
            return b"[" * 100_000, how
        return json.dumps(said).encode("utf-8", "surrogatepass"), how

    def _other_arrays(self, whole: bytes, rng: random.Random) -> tuple[bytes, str]:
        members = unpacked(whole)
        if not members:
            return b"PK", "no archive"
        if rng.random() < 0.7:
            return other_arrays(whole, rng)
        raw, how = _other_npy_header(members[0][1], rng)
        return packed([(members[0][0], raw), *members[1:]]), how

    def read(self, data: bytes) -> Any:
        name, raw = data.split(b"|", 1)
        self._restore(name.decode(), raw)
        key = self.run()
        found = self.state()
        beside = [path.name for path in self.folder.iterdir() if path.name.startswith(".")]
        assert beside == [], beside
        if any(each.override or each.void for each in key.questions):
            key = _by_nobody(load_key(self.out / "key.yaml"))
            assert dump_key(key).encode() == self.whole["key.yaml"], "the derived key is another"
            return "set by hand"
        other = {each for each in {*found, *self.whole} if found.get(each) != self.whole.get(each)}
        if other == {note := f"evidence/{NOTE}"}:  # what it says is right, written otherwise
            said, known = (json.loads(files[note]) for files in (found, self.whole))
            assert all(said[each] == known[each] for each in known)
            other = set()
        assert not other, f"not what an undisturbed run writes: {sorted(other)}"
        return "made"

    def _restore(self, name: str, raw: bytes) -> None:
        shutil.rmtree(self.out, ignore_errors=True)
        for each, content in self.whole.items():
            path = self.out / each
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(raw if each == name else content)

    def check_refusal(self, mutant: Mutant, refusal: Hw9Error) -> None:
        super().check_refusal(mutant, refusal)
        # Only what was set by hand can be lost; all else is made again.
        assert mutant.how.startswith("key.yaml"), f"could have been made again: {refusal}"
        name, raw = mutant.data.split(b"|", 1)
        assert (self.out / name.decode()).read_bytes() == raw, "a refused run wrote"


def _bank_of(wanted: list[str], folder: Path) -> Path:
    """Write a bank of some of the questions that ship; reading all of them takes longer."""
    shipped = shipped_bank()
    folder.mkdir()
    shutil.copy(shipped / "bank.yaml", folder)
    for path in sorted(shipped.glob("0*.yaml")):
        data = yaml.load(path.read_bytes(), yaml.CSafeLoader)
        data["questions"] = [each for each in data["questions"] if each["id"] in wanted]
        if data["questions"]:
            (folder / path.name).write_text(yaml.safe_dump(data, allow_unicode=True), "utf-8")
    return folder


def _by_nobody(key: Key) -> Key:
    undone = [each.model_copy(update={"override": None, "void": False}) for each in key.questions]
    return key.model_copy(update={"questions": undone})


class StandingKeys(YamlFormat):
    """A ``key.yaml`` in the way of a new key, told of by `bank check --with` and by `check`."""

    name = "standing key"
    share = 4
    file = "key.yaml"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        whole = load_bank(shipped_bank())
        topics = [
            replace(topic, questions=tuple(each for each in topic.questions if each.id in TOLD))
            for topic in whole.topics
        ]
        self.bank = replace(whole, topics=tuple(topics))
        asked = planned(self.bank)
        evidence = Evidence({name: made_record(name) for name in needed_records(asked)})
        self.fresh = decide(self.bank, asked, evidence).key
        several = next(q for q in self.fresh.questions if q.kind == "several")
        pair = next(q for q in self.fresh.questions if q.kind == "pair")
        by_hand = overridden(self.fresh, several.id, ["a"], why="seen; <b>not</b>")
        by_hand = with_question(by_hand, pair.id, void=True)
        self.seeds = [dump_key(self.fresh).encode(), dump_key(by_hand).encode()]
        self.answers = folder / "me.yaml"
        given = {question.id: question.correct for question in self.fresh.questions[:1]}
        self.answers.write_text(yaml.safe_dump({"answers": given}), "utf-8")

    def read(self, data: bytes) -> Any:
        path = self.written(data, self.file)
        made, kept = with_kept_overrides(self.fresh, path)
        before = load_key(path)
        by_hand = {each.id: each for each in before.questions if each.override or each.void}
        assert sorted(by_hand) == kept, "something set by hand was lost"
        for question, derived in zip(made.questions, self.fresh.questions, strict=True):
            old = by_hand.get(question.id)
            known = (old.override, old.void) if old else (None, False)
            assert (question.override, question.void) == known
            assert question.correct == derived.correct
        save_key(made, self.folder / "written.yaml")
        assert dump_key(load_key(self.folder / "written.yaml")) == dump_key(made)
        self._told(before, path)
        return dump_key(made)

    def _told(self, key: Key, path: Path) -> None:
        """What is said of a key is sentences, whatever stands in it."""
        for concern in concerns(self.bank, key):
            assert concern.sentence
        try:
            checked = check_answers(self.answers, key, self.bank, reveal=True, key_path=path)
        except Hw9Error as refusal:
            assert str(path) in str(refusal) or str(self.answers) in str(refusal), str(refusal)
            return
        assert checked.points <= checked.possible
        texts = QuestionTexts(self.bank, key)
        for entry in key.questions:
            assert look_again(entry, texts)
        for entry in key.questions[:1]:
            again = with_override(key, entry.id, "a", "seen", "TA") if entry.kind != "pair" else key
            assert len(again.questions) == len(key.questions)
