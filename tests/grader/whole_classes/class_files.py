"""The files of a random class: the exports as Canvas would write them, bank, key and quiz texts.

Nothing of `grader` is imported here.
"""

from __future__ import annotations

import csv
import io
import random
from hashlib import md5
from pathlib import Path

import yaml

from tests.grader.made.canvas_cells import Made, html_to_text, strip_html
from tests.grader.made.canvas_generator import ZH, Style
from tests.grader.made.canvas_generator import number as written
from tests.grader.whole_classes.random_class import Column, Question, RandomClass, Row, student_id

TAIL = ["n correct", "n incorrect", "score"]
HEADING = "<h2>Part {}</h2>"
BLANKS = "xyz"


def time_of(minute: int, zone: str = "UTC") -> str:
    hour = 10 + minute // 60 + (8 if zone == "+0800" else 0)
    return f"2026-04-09 {hour:02d}:{minute % 60:02d}:49"


def write_exports(rng: random.Random, made: RandomClass, folder: Path) -> list[Path]:
    """The CSV of every row, and where there are two, before it that of the first rows."""
    paths = []
    for place, style in enumerate(reversed(made.styles)):
        whole = place == len(made.styles) - 1
        rows = [row for row in made.rows if whole or row.minute <= made.overlap]
        path = folder / f"export-{place}.csv"
        path.write_bytes(_export(rng, made, rows, style))
        paths.append(path)
    return paths


def _export(rng: random.Random, made: RandomClass, rows: list[Row], style: Style) -> bytes:
    lead = ["name", "id", *["sis_id"] * style.sis, *["root_account"] * style.root]
    lead += ["section", "section_id", *["section_sis_id"] * style.section_sis, "submitted"]
    lead += ["attempt"] * style.attempt
    columns = _columns(rng, made)
    named = [ZH.get(each, each) if style.zh else each for each in lead]
    header = ["No."] * made.numbered + named
    shown = rng.choice([strip_html, _without_tags])
    for question, column in columns:
        if isinstance(question, Question):
            points = float(made.header_points or question.points)
            header += [f"{column.canvas_id}: {shown(column.stem)}", written(points, style)]
        else:
            header += [f"{question}: {html_to_text(HEADING.format(question))}", "0.0"]
    header += [ZH.get(each, each) if style.zh else each for each in TAIL]
    file = io.StringIO()
    end = "\r\n" if style.crlf else "\n"
    writer = csv.writer(file, delimiter=style.delimiter, lineterminator=end)
    writer.writerow(header)
    for place, row in enumerate(sorted(rows, key=lambda each: -each.minute)):
        cells = [str(place + 1)] * made.numbered + _person(made, row, style, lead)
        first = len(cells)
        for question, column in columns:
            cells += _two_cells(row, question, column, style)
        score = sum(shown.points for shown in row.shown.values())
        right = sum(shown.points > 0 for shown in row.shown.values())
        cells += [str(right), str(len(made.quiz) - right), written(score + row.fudge, style)]
        if row.cut_at is not None:
            row.cut_at = rng.randint(first, len(cells) - 1)
            cells = cells[: row.cut_at]
        writer.writerow(cells)
    return ("\ufeff" if style.bom else "").encode() + file.getvalue().encode()


def _columns(rng: random.Random, made: RandomClass) -> list[tuple[Question | int, Column]]:
    """Each question with its column, remade ones last, and numbers of headings anywhere."""
    columns: list[tuple[Question | int, Column]] = [(each, each.columns[0]) for each in made.quiz]
    if made.known_by in ("text", "ident") and len(made.headings) == 0 and rng.random() < 0.3:
        rng.shuffle(columns)  # told by id or text, their order means nothing
    columns += [(each, each.columns[1]) for each in made.quiz if len(each.columns) > 1]
    for heading in made.headings:
        columns.insert(rng.randint(0, len(columns)), (heading, Column(heading, "", ())))
    return columns


def _without_tags(stem: str) -> str:
    """A stem as a header has it where entities are decoded: the tags go, the newlines stay."""
    return strip_html(stem.replace("&amp;", "&#38;"))


def _person(made: RandomClass, row: Row, style: Style, lead: list[str]) -> list[str]:
    known = {
        "name": made.names[row.student], "id": student_id(row.student),
        "sis_id": f"b0990{row.student}", "root_account": "cool.example",
        "section": f"Section, {row.student % 2}", "section_id": f"{70 + row.student % 2}, 99",
        "section_sis_id": "s1", "submitted": f"{time_of(row.minute, style.zone)} {style.zone}",
        "attempt": str(row.attempt),
    }  # fmt: skip
    return [known[each] for each in lead]


def _two_cells(row: Row, question: Question | int, column: Column, style: Style) -> list[str]:
    if not isinstance(question, Question):
        return ["", "0.0"]
    shown = row.shown.get(question.id)
    if shown is None or shown.column is not column:
        return ["", ""]
    return [shown.text, written(shown.points, style)]


def write_quiz(made: RandomClass, folder: Path) -> list[Path]:
    """The bank, the key, and the quiz's texts: one file, or one before and one after a change."""
    (folder / "bank").mkdir()
    title = {"en": "Made", "zh-Hant": "自製"}
    _dump(folder / "bank/bank.yaml", {"title": title, "edition": "made"})
    asked = [_bank_question(made, question) for question in made.quiz]
    _dump(folder / "bank/01-made.yaml", {"topic": "made", "title": title, "questions": asked})
    key = [_key_question(question) for question in made.quiz]
    _dump(folder / "key.yaml", {"format": "hw9-key/1", "questions": key})
    if made.known_by == "bank":
        return []
    versions = [0, -1] if any(len(each.wordings) > 1 for each in made.quiz) else [0]
    return [_quiz_file(made, version, folder / f"quiz{version}.yaml") for version in versions]


def _quiz_file(made: RandomClass, version: int, path: Path) -> Path:
    entries = []
    for question in made.quiz:
        entry: dict[str, object] = {"id": question.id, "kind": question.kind}
        column = question.columns[version]
        if made.known_by == "ident":
            digest = md5(f"quiz_question_{column.canvas_id}".encode()).hexdigest()
            entry["ident"] = f"i{digest}"
        if made.known_by == "text":
            entry["stem"] = column.stem
        entries.append(entry | _options(question.wordings[version], lambda text: {"text": text}))
    data: dict[str, object] = {"format": "hw9-quiz/1", "title": "Made", "questions": entries}
    if made.headings:
        data["others"] = [
            {"type": "text_only_question", "text": HEADING.format(each)} for each in made.headings
        ]
    _dump(path, data)
    return path


def _bank_question(made: RandomClass, question: Question) -> dict[str, object]:
    own = made.known_by == "bank"
    stem = html_to_text(question.columns[0].stem) if own else f"Not in these words ({question.id})"

    def worded(text: str) -> dict[str, object]:
        return {"claim": {}, "text": {"en": text, "zh-Hant": text}}

    asked = question.wordings[0]
    if not own:
        lists = tuple(
            tuple(f"the bank's {question.id} {n} {at}" for at in range(len(texts)))
            for n, texts in enumerate(asked.lists)
        )
        asked = Made(asked.kind, lists, asked.ways)
    entry = {"id": question.id, "kind": question.kind, "points": question.points, "rule": "made.up"}
    return entry | {"stem": {"en": stem, "zh-Hant": stem}} | _options(asked, worded, label=True)


def _options(asked: Made, worded, label: bool = False) -> dict[str, object]:
    lists = [
        [{"id": letter(at)} | worded(text) for at, text in enumerate(texts)]
        for texts in asked.lists
    ]
    if asked.kind != "pair":
        return {"options": lists[0]}
    labels = {"label": {"en": "Choose", "zh-Hant": "選"}} if label else {}
    return {
        "blanks": [
            {"id": blank, **labels, "options": options}
            for blank, options in zip(BLANKS, lists, strict=False)
        ]
    }


def _key_question(question: Question) -> dict[str, object]:
    right = sorted(question.right)
    correct: object = [letter(at) for _, at in right]
    if question.kind == "pair":
        correct = {BLANKS[n]: letter(at) for n, at in right}
    entry = {"id": question.id, "kind": question.kind, "points": question.points}
    return entry | {"correct": correct} | ({"void": True} if question.void else {})


def letter(place: int) -> str:
    return "abcdefghij"[place]


def _dump(path: Path, data: object) -> None:
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    path.write_text(yaml.dump(data, Dumper=dumper, allow_unicode=True, sort_keys=False), "utf-8")
