"""Random quizzes, classes, and the CSV that Canvas would export of them.

Written from the description of Canvas' exports (columns, joining, HTML-to-text step, partial
credit), not from the reader: nothing of `grader` is imported here. The truth is kept beside.
"""

from __future__ import annotations

import csv
import html.parser
import io
import random
from dataclasses import dataclass, field
from itertools import permutations, product

TEXTS = [
    "green on the food",
    "red on the plate",
    "紅色：食物",
    "綠色 = 盤子",
    "yes",
    "no",
    "her",
    "x\\",
    "y",
    "x,y",
    "x\\,y",
    "a, b",
    "a",
    "b",
    "1,000",
    "1",
    "000",
    ",",
    "two  blanks",
    " edge ",
    "蘋",
    "果",
    "<b>bold</b>",
    "bold",
    "<i>it</i>alic",
    "A &amp; B",
    "A & B",
    "&lt;tag&gt;",
    "5 &lt; 6",
    "line\nbreak",
    "=1+1",
    "-",
    "a;b",
    '"quoted"',
    "0.44",
    "0.3",
    "don't",
    "tab\there",
    "10 %",
    "É",
    "6 > 5",
]
NOTHING_LEFT = ["<img src='a.png'>", "<span></span>"]
NAMES = [
    "Lin, Mei", '"Joe" Wang', "王小明", "=HYPERLINK(\"x\")", "<script>", "O'Neil", "two\nlines",
    "Anna", "-1", "陳，大文",
]  # fmt: skip
ZH = {
    "name": "名稱", "id": "ID", "section": "班別", "submitted": "已提交", "attempt": "作答紀錄",
    "n correct": "n  正確", "n incorrect": "n 不正確", "score": "分數",
}  # fmt: skip


@dataclass
class Q:
    """A question: `lists` has one list of (id, text) for a single or several, two for a pair."""

    id: str
    canvas_id: int
    kind: str
    points: str
    stem: str
    lists: list[list[tuple[str, str]]]
    blanks: list[str] = field(default_factory=list)
    right: object = None
    void: bool = False


@dataclass
class Row:
    """One attempt: `ticks` maps question to a set of ids, a dict of choices, or None."""

    student: int
    attempt: int
    minute: int
    ticks: dict[str, object]
    fudge: float = 0.0


@dataclass
class Style:
    """How the export looks."""

    zh: bool = False
    bom: bool = True
    delimiter: str = ","
    crlf: bool = False
    spreadsheet: bool = False
    sis: bool = False
    root: bool = False
    section_sis: bool = False
    attempt: bool = True
    zone: str = "UTC"


class _Text(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


def html_to_text(text: str) -> str:
    parser = _Text()
    parser.feed(text)
    parser.close()
    return " ".join("".join(parser.parts).split())


def joined(texts: list[str]) -> str:
    return html_to_text(",".join(text.replace(",", "\\,") for text in texts))


def random_quiz(rng: random.Random, *, empties: bool = False) -> list[Q]:
    pool = TEXTS + (NOTHING_LEFT if empties else [])
    quiz = []
    for number in range(rng.randint(1, 6)):
        kind = rng.choice(["single", "several", "several", "pair"])
        points = rng.choice(["0.3", "0.4", "1", "0.25"])
        stem = rng.choice(
            ["<p>Which of\nthese, {}?</p>", "Plain {}", "<div>圖 {} &amp; <b>x</b></div>"]
        )
        question = Q(
            f"q{number + 1:02d}", rng.randint(10**5, 10**9), kind, points, stem.format(number), []
        )
        ids = "abcdefgh"
        if kind == "pair":
            question.blanks = ["x", "y"]
            question.lists = [
                list(zip(ids, rng.sample(pool, rng.randint(2, 4)), strict=False)) for _ in "xy"
            ]
            question.right = {
                blank: rng.choice(options)[0]
                for blank, options in zip("xy", question.lists, strict=True)
            }
        else:
            options = list(zip(ids, rng.sample(pool, rng.randint(2, 5)), strict=False))
            question.lists = [options]
            most = 1 if kind == "single" else len(options)
            question.right = set(rng.sample([name for name, _ in options], rng.randint(1, most)))
        quiz.append(question)
    return quiz


def random_ticks(rng: random.Random, question: Q) -> object:
    if rng.random() < 0.08:
        return None  # not shown
    if rng.random() < 0.3:
        return question.right
    if question.kind == "pair":
        chosen = {
            blank: rng.choice([None, *(name for name, _ in options)])
            for blank, options in zip(question.blanks, question.lists, strict=True)
        }
        return {blank: name for blank, name in chosen.items() if name}
    names = [name for name, _ in question.lists[0]]
    most = 1 if question.kind == "single" else len(names)
    return set(rng.sample(names, rng.randint(0, most)))


def random_class(rng: random.Random, quiz: list[Q], *, one_attempt: bool = False) -> list[Row]:
    rows, minute = [], 0
    for student in range(rng.randint(1, 6)):
        for attempt in range(1, (1 if one_attempt else rng.randint(1, 4)) + 1):
            minute += 1
            ticks = {question.id: random_ticks(rng, question) for question in quiz}
            rows.append(Row(student, attempt, minute, ticks, rng.choice([0.0, 0.0, -0.15])))
    return rows


def random_style(rng: random.Random) -> Style:
    flags = {name: rng.random() < 0.5 for name in ("zh", "bom", "crlf", "spreadsheet", "sis")}
    more = {name: rng.random() < 0.3 for name in ("root", "section_sis")}
    return Style(
        **flags, **more, delimiter=rng.choice(",,;"), attempt=rng.random() < 0.6,
        zone=rng.choice(["UTC", "+0800"]),
    )  # fmt: skip


def canvas_points(question: Q, ticks: object) -> float:
    points = float(question.points)
    if question.kind == "pair":
        right = sum(ticks.get(blank) == question.right[blank] for blank in question.blanks)
        return points * right / 2
    if question.kind == "single":
        return points if ticks and ticks <= question.right else 0.0
    k = len(question.right)
    parts = len(ticks & question.right) - len(ticks - question.right)
    return points if parts == k else points * max(parts, 0) / k


def cell(rng: random.Random, question: Q, ticks: object) -> str:
    if not ticks:
        return ""
    if question.kind == "single":
        return html_to_text(dict(question.lists[0])[next(iter(ticks))])
    if question.kind == "several":
        texts = [text for name, text in question.lists[0] if name in ticks]
        rng.shuffle(texts)
        return joined(texts)
    both = zip(question.blanks, question.lists, strict=True)
    texts = [dict(options)[ticks[blank]] for blank, options in both if blank in ticks]
    rng.shuffle(texts)
    return joined(texts)


def fits_several(question: Q, text: str) -> bool:
    """Say whether more than one thing a student could do would have been written as `text`."""
    found = set()
    if question.kind == "single":
        for name, option in question.lists[0]:
            if text in (html_to_text(option), " ".join(option.split())):
                found.add(name)
    elif question.kind == "several":
        options = question.lists[0]
        for count in range(1, len(options) + 1):
            for some in permutations(options, count):
                if joined([option for _, option in some]) == text:
                    found.add(frozenset(name for name, _ in some))
    else:
        for one, two in product([None, *question.lists[0]], [None, *question.lists[1]]):
            texts = [each[1] if each else "" for each in (one, two)]
            kept = [each[1] for each in (one, two) if each]
            ways = (texts, texts[::-1], kept, kept[::-1])
            if (one or two) and text in [joined(way) for way in ways]:
                found.add((one, two))
    if text in ("", ","):
        found.add(None)
    return len(found) > 1


def number(value: float, style: Style) -> str:
    return f"{value:g}" if style.spreadsheet and value == round(value, 4) else repr(value)


def export(
    rng: random.Random, quiz: list[Q], rows: list[Row], style: Style, names: list[str] | None = None
) -> bytes:
    """Return the CSV of the rows, newest first."""
    names = names or [
        f"{rng.choice(NAMES)} {index}" for index in range(1 + max(r.student for r in rows))
    ]
    lead = ["name", "id", *["sis_id"] * style.sis, *["root_account"] * style.root]
    lead += ["section", "section_id", *["section_sis_id"] * style.section_sis, "submitted"]
    lead += ["attempt"] * style.attempt
    tail = ["n correct", "n incorrect", "score"]
    shown = [ZH.get(each, each) if style.zh else each for each in lead]
    for question in quiz:
        # Canvas strips the tags of the text and keeps its newlines.
        parser = _Text()
        parser.feed(question.stem)
        parser.close()
        shown += [
            f"{question.canvas_id}: {''.join(parser.parts)}",
            number(float(question.points), style),
        ]
    shown += [ZH.get(each, each) if style.zh else each for each in tail]
    file = io.StringIO()
    end = "\r\n" if style.crlf else "\n"
    writer = csv.writer(file, delimiter=style.delimiter, lineterminator=end)
    writer.writerow(shown)
    for row in sorted(rows, key=lambda each: -each.minute):
        writer.writerow(_row(rng, quiz, row, style, names[row.student], lead))
    return ("\ufeff" if style.bom else "").encode() + file.getvalue().encode()


def _row(
    rng: random.Random, quiz: list[Q], row: Row, style: Style, name: str, lead: list[str]
) -> list[str]:
    hour = 10 + row.minute // 60
    known = {
        "name": name, "id": str(9000 + row.student), "sis_id": f"b0990{row.student}",
        "root_account": "cool.example", "section": f"Section, {row.student % 2}",
        "section_id": f"{70 + row.student % 2}, 99", "section_sis_id": "s1",
        "submitted": f"2026-04-09 {hour:02d}:{row.minute % 60:02d}:49 {style.zone}",
        "attempt": str(row.attempt),
    }  # fmt: skip
    cells = [known[each] for each in lead]
    score = right = 0.0
    for question in quiz:
        ticks = row.ticks[question.id]
        if ticks is None:
            cells += ["", ""]
            continue
        points = canvas_points(question, ticks)
        score += points
        right += points > 0
        cells += [cell(rng, question, ticks), number(points, style)]
    return [*cells, str(int(right)), str(int(len(quiz) - right)), number(score + row.fudge, style)]
