"""A small quiz as files (bank, key, quiz texts, package, export), and the commands run on them."""

from __future__ import annotations

import csv
import html
import zipfile
from dataclasses import dataclass, field
from hashlib import md5
from pathlib import Path

import yaml
from click.testing import CliRunner

from grader.cli import hw9
from solver.errors import Hw9Error

LEAD = ["name", "id", "section", "section_id", "submitted"]
TAIL = ["n correct", "n incorrect", "score"]
TYPES = {
    "single": "multiple_choice_question",
    "several": "multiple_answers_question",
    "pair": "multiple_dropdowns_question",
}


@dataclass
class Asked:
    """A question: its options' texts in order (of a *pair* by drop-down), and what is right.

    `right` has the places of the right ones, of a *pair* one for each drop-down.
    """

    id: str
    kind: str
    stem: str
    options: list[str] | dict[str, list[str]]
    right: list[int]
    points: str = "0.3"
    canvas_id: int = 0

    @property
    def lists(self) -> dict[str, list[str]]:
        return self.options if isinstance(self.options, dict) else {"": self.options}


@dataclass
class Said:
    """What a command wrote: on the terminal, and into its folder."""

    code: int
    text: str
    out: Path | None = None

    def table(self, name: str) -> list[dict[str, str]]:
        assert self.out is not None and self.code == 0, self.text
        with (self.out / name).open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))

    @property
    def totals(self) -> dict[str, str]:
        """Each student's total, "open" where it is not complete."""
        return {
            row["student"]: row["total"] if row["complete"] == "yes" else "open"
            for row in self.table("scores.csv")
        }

    @property
    def reasons(self) -> dict[str, str]:
        return {row["student"]: row["reason"] for row in self.table("rejects.csv")}


@dataclass
class SmallQuiz:
    """Files in a folder, and commands run there."""

    folder: Path
    questions: list[Asked]
    bank_texts: dict[str, list[str] | dict[str, list[str]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._write_bank()
        entries = []
        for asked in self.questions:
            names = dict(zip(asked.lists, asked.right, strict=False))
            correct = (
                {blank: _letter(place) for blank, place in names.items()}
                if asked.kind == "pair"
                else [_letter(place) for place in asked.right]
            )
            entry = {"id": asked.id, "kind": asked.kind, "points": asked.points}
            entries.append(entry | {"correct": correct})
        self._dump("key.yaml", {"format": "hw9-key/1", "questions": entries})

    def _write_bank(self) -> None:
        (self.folder / "bank").mkdir()
        title = {"en": "Made", "zh-Hant": "自製"}
        self._dump("bank/bank.yaml", {"title": title, "edition": "made"})
        made = []
        for asked in self.questions:
            texts = self.bank_texts.get(asked.id, asked.options)
            entry = {"id": asked.id, "kind": asked.kind, "points": asked.points, "rule": "made.up"}
            entry["stem"] = {"en": asked.stem, "zh-Hant": asked.stem}
            if isinstance(texts, dict):
                label = {"en": "Choose", "zh-Hant": "選"}
                entry["blanks"] = [
                    {"id": blank, "label": label, "options": _bank_options(each)}
                    for blank, each in texts.items()
                ]
            else:
                entry["options"] = _bank_options(texts)
            made.append(entry)
        self._dump("bank/01-made.yaml", {"topic": "made", "title": title, "questions": made})

    def _dump(self, name: str, data: object) -> None:
        (self.folder / name).write_text(yaml.safe_dump(data, allow_unicode=True), "utf-8")

    def quiz(self, name: str, questions: list[Asked] | None = None, ident: bool = False) -> Path:
        """A quiz.yaml; with `ident` it has the ids that Canvas gives."""
        entries = []
        for asked in questions or self.questions:
            entry: dict[str, object] = {"id": asked.id, "kind": asked.kind, "stem": asked.stem}
            if ident:
                entry["ident"] = item_ident(asked.canvas_id)
            if isinstance(asked.options, dict):
                entry["blanks"] = [
                    {"id": blank, "options": _quiz_options(each)}
                    for blank, each in asked.options.items()
                ]
            else:
                entry["options"] = _quiz_options(asked.options)
            entries.append(entry)
        self._dump(name, {"format": "hw9-quiz/1", "title": "Made", "questions": entries})
        return self.folder / name

    def export(
        self, rows: list[list[tuple[str, str]]], name: str = "a.csv", extra: dict | None = None
    ) -> Path:
        """A Student Analysis CSV: of each row, the cells and points of each column.

        `extra` puts other columns in: place among the questions' columns to (id, text, points).
        """
        columns = [(asked.canvas_id, asked.stem, asked.points) for asked in self.questions]
        for place, column in sorted((extra or {}).items()):
            columns.insert(place, column)
        header = [part for number, text, pts in columns for part in (f"{number}: {text}", pts)]
        path = self.folder / name
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow([*LEAD, *header, *TAIL])
            for number, cells in enumerate(rows, 11):
                lead = [f"S{number}", str(number), "A", "5", "2026-04-11 00:00:00 UTC"]
                both = [text for cell in cells for text in cell]
                writer.writerow([*lead, *both, "1", "0", "0.3"])
        return path

    def run(self, *arguments: str | Path) -> Said:
        result = CliRunner().invoke(hw9, [str(each) for each in arguments])
        if isinstance(result.exception, Hw9Error):
            return Said(1, str(result.exception))
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Said(result.exit_code, result.output)

    def import_qti(self, zipped: Path, name: str = "quiz.yaml") -> tuple[Path, Said]:
        """The quiz.yaml of a package, and what the import said."""
        given = ["--bank", self.folder / "bank", "--yes", "--out", self.folder / name]
        return self.folder / name, self.run("bank", "import-qti", zipped, *given)

    def grade(self, export: Path, *arguments: str | Path, out: str = "out") -> Said:
        given = ["--key", self.folder / "key.yaml", "--bank", self.folder / "bank"]
        target = self.folder / out
        said = self.run("grade", export, *given, "--out", target, "--no-pages", *arguments)
        said.out = target
        return said


def item_ident(canvas_id: int) -> str:
    return "i" + md5(f"quiz_question_{canvas_id}".encode()).hexdigest()


def _letter(place: int) -> str:
    return "abcdefghij"[place]


def _bank_options(texts: list[str]) -> list[dict[str, object]]:
    return [
        {"id": _letter(place), "claim": {}, "text": {"en": text, "zh-Hant": text}}
        for place, text in enumerate(texts)
    ]


def _quiz_options(texts: list[str]) -> list[dict[str, str]]:
    return [{"id": _letter(place), "text": text} for place, text in enumerate(texts)]


def package(
    path: Path,
    questions: list[Asked],
    others: dict[int, tuple[str, str]] | None = None,
    doctype: str = "",
) -> Path:
    """A QTI 1.2 package with HTML options, as text2qti writes one.

    `others` puts items between the questions: place to (type, text).
    """
    items = [_item(asked) for asked in questions]
    for place, (kind, text) in sorted((others or {}).items()):
        items.insert(place, _framed(f"other{place}", kind, "0", text, "", ""))
    body = f'<assessment ident="made" title="Made"><section>{"".join(items)}</section></assessment>'
    quiz = f'<?xml version="1.0"?>{doctype}<questestinterop>{body}</questestinterop>'
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("imsmanifest.xml", "<manifest/>")
        file.writestr("made/made.xml", quiz)
    return path


def _item(asked: Asked) -> str:
    lists, conditions = [], []
    for number, (blank, texts) in enumerate(asked.lists.items()):
        response = f"response_{blank}" if blank else "response1"
        labels = "".join(
            f'<response_label ident="{number}{place}">{_material(text)}</response_label>'
            for place, text in enumerate(texts)
        )
        lists.append(f'<response_lid ident="{response}">{labels}</response_lid>')
        right = [asked.right[number]] if blank else asked.right
        asks = "".join(
            f'<varequal respident="{response}">{number}{place}</varequal>' for place in right
        )
        if asked.kind == "several":
            rest = [place for place in range(len(texts)) if place not in right]
            asks += "".join(
                f'<not><varequal respident="{response}">{number}{place}</varequal></not>'
                for place in rest
            )
            asks = f"<and>{asks}</and>"
        conditions.append(
            f"<respcondition><conditionvar>{asks}</conditionvar><setvar>100</setvar></respcondition>"
        )
    ident = item_ident(asked.canvas_id)
    kind = TYPES[asked.kind]
    return _framed(ident, kind, asked.points, asked.stem, "".join(lists), "".join(conditions))


def _framed(ident: str, kind: str, points: str, stem: str, lists: str, conditions: str) -> str:
    fields = "".join(
        f"<qtimetadatafield><fieldlabel>{name}</fieldlabel><fieldentry>{entry}</fieldentry>"
        "</qtimetadatafield>"
        for name, entry in (("question_type", kind), ("points_possible", points))
    )
    return (
        f'<item ident="{ident}">{fields}<presentation>{_material(stem)}{lists}</presentation>'
        f"<resprocessing>{conditions}</resprocessing></item>"
    )


def _material(text: str) -> str:
    escaped = html.escape(text)
    return f'<material><mattext texttype="text/html">{escaped}</mattext></material>'
