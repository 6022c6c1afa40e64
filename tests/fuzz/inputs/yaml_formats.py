"""The project's own YAML files: banks, keys, quizzes, region files, bert.yaml, answers."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import yaml

from grader.exports.answers_yaml import AnswersYaml
from grader.key_changes.key_override import with_override, without_override
from grader.quizzes.texts import load_quiz, quiz_of_bank, save_quiz
from grader.scoring.accepted_answers import open_questions, scored_questions
from solver.banks.bank import Bank, load_bank
from solver.bundle.bert_materials import load_materials
from solver.bundle.description import load_description
from solver.bundle.pictures import Picture, open_rgb, resized
from solver.bundle.regions import regions_for
from solver.errors import Hw9Error
from solver.files.resources import data_folder, shipped_bank, shipped_region_files
from solver.files.yaml_source import load_placed_yaml
from solver.key import dump_key, load_key, save_key
from solver.rules.registry import plan_questions
from tests.fuzz.format import Format, Mutant, check_encoding, check_line
from tests.fuzz.mutations.yaml_mutations import mutated
from tests.grader.made.bank_files import write_bank_and_key
from tests.grader.made.made_classes import overridden, with_question


class YamlFormat(Format):
    """A YAML file; what is taken must be the data that PyYAML's own reader finds in it."""

    error: ClassVar[type] = Hw9Error
    file: ClassVar[str] = "input.yaml"

    def mutant(self, rng: random.Random) -> Mutant:
        return mutated(self.seeds, rng)

    def check(self, mutant: Mutant, result: Any) -> None:
        super().check(mutant, result)
        placed = load_placed_yaml(self.folder / self.file, self.error)
        known = yaml.load(mutant.data.decode("utf-8-sig"), yaml.CSafeLoader)
        assert placed.data == known or placed.data != placed.data, "PyYAML reads other data"

    def check_refusal(self, mutant: Mutant, refusal: Hw9Error) -> None:
        super().check_refusal(mutant, refusal)
        check_line(refusal, mutant.data)
        check_encoding(mutant, refusal)


def _small_bank(folder: Path) -> tuple[Bank, Any]:
    return write_bank_and_key(folder, 6, 3)


class Banks(YamlFormat):
    """A topic file of the shipped bank, with the claims held against its rules."""

    name = "bank"
    share = 7
    file = "questions/topic.yaml"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        shipped = shipped_bank()
        (folder / "questions").mkdir()
        (folder / "questions" / "bank.yaml").write_bytes((shipped / "bank.yaml").read_bytes())
        topics = sorted(path for path in shipped.glob("0*.yaml"))
        self.seeds = [_first_questions(path) for path in topics]

    def read(self, data: bytes) -> Any:
        self.written(data, self.file)
        bank = load_bank(self.folder / "questions")
        planned = plan_questions(bank)
        assert len(planned) == len(bank.questions)
        return [question.model_dump() for question in bank.questions]


def _first_questions(path: Path) -> bytes:
    """Shorten a topic file to two questions: a campaign reads it thousands of times."""
    data = yaml.load(path.read_bytes(), yaml.CSafeLoader)
    data["questions"] = data["questions"][:2]
    return yaml.safe_dump(data, allow_unicode=True, sort_keys=False).encode()


class BankHeaders(YamlFormat):
    """``bank.yaml``."""

    name = "bank header"
    share = 2
    file = "questions/bank.yaml"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        shipped = shipped_bank()
        (folder / "questions").mkdir()
        topic = _first_questions(sorted(shipped.glob("0*.yaml"))[0])
        (folder / "questions" / "topic.yaml").write_bytes(topic)
        self.seeds = [(shipped / "bank.yaml").read_bytes()]

    def read(self, data: bytes) -> Any:
        self.written(data, self.file)
        return load_bank(self.folder / "questions").header.model_dump()


class Keys(YamlFormat):
    """``key.yaml``: read, taken for grading, written and read again."""

    name = "key"
    share = 7

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.bank, key = _small_bank(folder)
        key = key.model_copy(update={"questions": key.questions[-3:]})
        several = next(q for q in key.questions if q.kind == "several")
        pair = next(q for q in key.questions if q.kind == "pair")
        changed = overridden(key, several.id, ["a"], why="seen; <b>not</b>")
        changed = with_question(changed, pair.id, void=True)
        changed = with_question(changed, key.questions[0].id, state="open", correct=[])
        self.seeds = [dump_key(key).encode(), dump_key(changed).encode()]

    def read(self, data: bytes) -> Any:
        path = self.written(data, self.file)
        key = load_key(path)
        save_key(key, self.folder / "again.yaml")
        again = load_key(self.folder / "again.yaml")
        assert dump_key(again) == dump_key(key), "written and read again it is another key"
        questions = scored_questions(key, self.bank, path=path)
        assert len(questions) + len(open_questions(key)) == len(key.questions)
        for question in questions:
            assert question.void or all(question.accepted), question
        return dump_key(key)


class Overrides(Format):
    """What a TA types after ``hw9 key override``: no file, a few words."""

    name = "override"
    share = 8
    pathless = True

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.bank, self.key = _small_bank(folder)
        self.before = dump_key(self.key)
        self.seeds = [
            f"{q.id}|{_words(q.effective)}|seen in the figure|TA".encode()
            for q in self.key.questions
        ]

    def mutant(self, rng: random.Random) -> Mutant:
        from tests.fuzz.mutations.byte_mutations import damaged

        seed = rng.randrange(len(self.seeds))
        parts = self.seeds[seed].decode().split("|")
        which = rng.randrange(4)
        if rng.random() < 0.5:
            parts[which] = rng.choice(
                ["", "a,a", "a,,b", "z", "a;b", "=", "x=a", "x=a,x=b", "x=a,y=b,z=c",
                 "=HYPERLINK(1)",
                 "<script>alert(1)</script>", "\u202eab", "ａ", "A", "a\nb", "a" * 100_000,
                 "../../x",
                 "\x00", "x=y=z", "None", "[a]", "{x: a}", "e\u0301", "\ud800", "\x1b[2J", "q99"]
            )  # fmt: skip
            how = f"part {which + 1}: {parts[which][:20]!r}"
        else:
            raw, how = damaged(parts[which].encode(), rng)
            # A terminal hands over bytes that are not UTF-8 as lone surrogates.
            parts[which] = raw.decode("utf-8", "surrogateescape").replace("|", "")
        return Mutant("|".join(parts).encode("utf-8", "surrogatepass"), how, "any", seed)

    def read(self, data: bytes) -> Any:
        question, correct, why, by = data.decode("utf-8", "surrogatepass").split("|")
        path = self.folder / "written.yaml"
        changed = with_override(self.key, question, correct, why, by, bank=self.bank)
        try:
            save_key(changed, path)
        except Hw9Error:
            assert not path.exists() or dump_key(load_key(path)) == self.before
            raise
        again = load_key(path)
        assert dump_key(again) == dump_key(changed), "written and read again it is another key"
        assert dump_key(without_override(again, question)) == self.before, "undoing undoes not all"
        entry = next(each for each in again.questions if each.id == question)
        accepted = scored_questions(again, self.bank)
        assert any(each.id == question and each.accepted for each in accepted)
        return entry.effective


def _words(answer: Any) -> str:
    if isinstance(answer, dict):
        return ",".join(f"{blank}={choice}" for blank, choice in answer.items())
    return ",".join(answer)


class Quizzes(YamlFormat):
    """``quiz.yaml``, a quiz's own texts beside a bank."""

    name = "quiz texts"
    share = 4

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        bank, key = _small_bank(folder)
        self.seeds = []
        for language in ("en", "both"):
            path = folder / "seed.yaml"
            quiz = quiz_of_bank(bank, language, key)
            save_quiz(replace(quiz, questions=quiz.questions[-3:]), path)
            self.seeds.append(path.read_bytes())

    def read(self, data: bytes) -> Any:
        quiz = load_quiz(self.written(data, self.file))
        save_quiz(quiz, self.folder / "again.yaml")
        assert load_quiz(self.folder / "again.yaml") == quiz, "written and read again it is another"
        return quiz


class RegionFiles(YamlFormat):
    """``regions.yaml``, drawn into the masks of a picture."""

    name = "regions"
    share = 12

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        demo = data_folder("demo")
        own = demo / "food" / "1_2.png"
        rgb = resized(open_rgb(own))
        self.pictures = [Picture(1, "1_2", 1, own, rgb, (128, 128))]
        (folder / "masks").mkdir()
        for mask in (demo / "masks").glob("*.png"):
            (folder / "masks" / mask.name).write_bytes(mask.read_bytes())
        shipped = shipped_region_files()[0]
        data = yaml.load(shipped.read_bytes(), yaml.CSafeLoader)
        data["pictures"] = [dict(data["pictures"][1], name="1_2")]
        data["pictures"][0].pop("fingerprint", None)
        hand = {
            "format": "hw9-regions/1",
            "size": [100, 50],
            "pictures": [
                {
                    "name": "1_2",
                    "regions": {
                        "food": {"polygons": [[[0, 0], [90, 0], [90, 45]]], "holes": [[[5, 5], [9,
                        5], [9, 9]]]},
                        "edge": {"border_of": "food", "width": 4},
                        "band": {"lines": [[[0, 0], [50, 25]], [[3, 3], [9, 9]]], "width": 6.5},
                        "same": {"same_as": "band", "minus": ["food", "edge"]},
                    },
                }
            ],
        }  # fmt: skip
        self.seeds = [
            (demo / "regions.yaml").read_bytes(),
            yaml.safe_dump(data, sort_keys=False).encode(),
            yaml.safe_dump(hand, sort_keys=False).encode(),
        ]

    def read(self, data: bytes) -> Any:
        path = self.written(data, self.file)
        found = [regions_for(picture, path) for picture in self.pictures]
        for masks in found:
            for mask in (masks or {}).values():
                assert mask.shape == (128, 128) and mask.dtype == bool
        return [{k: m.tobytes() for k, m in (masks or {}).items()} for masks in found]


class BertYaml(YamlFormat):
    """``bert.yaml``."""

    name = "bert.yaml"
    share = 10
    file = "bert.yaml"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.seeds = [(data_folder("demo") / "bert.yaml").read_bytes()]

    def read(self, data: bytes) -> Any:
        self.written(data, self.file)
        file = load_materials(self.folder).file
        for item in file.reading.items:
            assert item.answer in item.context
        for place in file.embeddings.sentences:
            word = file.embeddings.word
            assert place.text[place.at :].startswith(word)
        return file.model_dump()


class BundleYaml(YamlFormat):
    """``bundle.yaml``, with the pictures it names."""

    name = "bundle.yaml"
    share = 10
    file = "bundle.yaml"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        (folder / "shots").mkdir()
        own = data_folder("demo") / "food" / "1_2.png"
        for name in ("a b.png", "c.PNG"):
            (folder / "shots" / name).write_bytes(own.read_bytes())
        said = {
            "format": "hw9-bundle/1",
            "network": {"checkpoint": "last.ckpt", "size": 128},
            "classes": ["ball", "box", "蘋果"],
            "pictures": [
                {"file": "shots/a b.png", "class": "ball"},
                {"file": "shots/c.PNG", "class": "蘋果"},
            ],
        }
        self.seeds = [yaml.safe_dump(said, sort_keys=False).encode()]

    def read(self, data: bytes) -> Any:
        self.written(data, self.file)
        said = load_description(self.folder)
        for one in said.pictures or ():
            assert one.path.is_file() and one.path.resolve().is_relative_to(self.folder.resolve())
            assert 0 <= one.label < len(said.classes)
        return said


class Answers(YamlFormat):
    """One person's answers."""

    name = "answers"
    share = 10
    file = "me.yaml"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.bank, key = _small_bank(folder)
        self.questions = scored_questions(key, self.bank)
        answers = {q.id: q.effective for q in key.questions}
        given = {"student": "b09901001", "answers": answers}
        loose = {"answers": {q.id: "a" for q in key.questions if q.kind == "single"}}
        self.seeds = [
            yaml.safe_dump(given, sort_keys=False).encode(),
            yaml.safe_dump(loose, sort_keys=False).encode(),
        ]

    def read(self, data: bytes) -> Any:
        submission = AnswersYaml(self.written(data, self.file), self.questions).submission()
        assert set(submission.responses) == {question.id for question in self.questions}
        return submission
