"""Quiz packages: read, and matched to the bank they were made from."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Any

from grader.quizzes.qti_match import match_quiz
from grader.quizzes.qti_read import read_package
from grader.quizzes.qti_write import package_bytes, quiz_to_write
from tests.fuzz.format import Format, Mutant
from tests.fuzz.mutations import zip_mutations as zips
from tests.fuzz.mutations.byte_mutations import damaged
from tests.grader.made.bank_files import write_bank_and_key

ENTITIES = [
    '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>',
    '<!DOCTYPE x SYSTEM "file:///etc/passwd">',
    '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>',
    '<!DOCTYPE x [<!ENTITY % p SYSTEM "http://127.0.0.1:9/x"> %p;]>',
]
LAUGHS = "<!DOCTYPE x [" + '<!ENTITY l0 "ha">' + "".join(
    f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12)
) + "]>"  # fmt: skip
ODD = ["", "nan", "-1", "1e999", "0.3", "&amp;", "&#x41;", "<![CDATA[<b>]]>", "\u202e", "x" * 4000]


class QtiZips(Format):
    """A quiz as Canvas exports it."""

    name = "QTI zip"
    share = 16

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.bank, self.key = write_bank_and_key(folder, 6, 3)
        self.seeds = [
            package_bytes(quiz_to_write(self.bank, "en", self.key)),
            package_bytes(quiz_to_write(self.bank, "both", self.key)),
        ]
        self.members = [zips.unpacked(seed) for seed in self.seeds]

    def mutant(self, rng: random.Random) -> Mutant:
        seed, kind = rng.randrange(2), rng.random()
        members = self.members[seed]
        if kind < 0.12:
            return self._same(seed, rng)
        if kind < 0.25:
            made, how = zips.other_members(members, rng)
            return Mutant(zips.packed(made), how, "any", seed)
        if kind < 0.38:
            data, how = zips.other_headers(self.seeds[seed], rng)
            return Mutant(data, how, "any", seed)
        if kind < 0.50:
            data, how = damaged(self.seeds[seed], rng)
            return Mutant(data, how, "any", seed)
        text = members[self._main(seed)][1].decode()
        if kind < 0.60:
            raw, how = damaged(text.encode(), rng)
            return self._with(seed, raw, f"XML: {how}")
        if kind < 0.94:
            made, how = _changed_xml(text, rng)
            return self._with(seed, made.encode(), how)
        return self._hostile(seed, text, rng)

    def _main(self, seed: int) -> int:
        sizes = [len(data) for _, data in self.members[seed]]
        return sizes.index(max(sizes))

    def _with(self, seed: int, xml: bytes, how: str, expect: Any = "any") -> Mutant:
        members = list(self.members[seed])
        at = self._main(seed)
        members[at] = (members[at][0], xml)
        return Mutant(zips.packed(members), how, expect, seed)

    def _same(self, seed: int, rng: random.Random) -> Mutant:
        members = list(self.members[seed])
        rng.shuffle(members)
        if rng.random() < 0.5:
            members.append(("notes/../../x.txt", b"not read"))
        at = next(
            n for n, each in enumerate(members) if each == self.members[seed][self._main(seed)]
        )
        name, raw = members[at]
        encoding = rng.choice(["utf-8", "utf-16", "utf-8-sig"])
        name_of = encoding.removesuffix("-sig")
        text = re.sub(r"(<\?xml[^>]*encoding=)['\"][^'\"]*['\"]", rf'\1"{name_of}"', raw.decode())
        text = text.replace("\n", rng.choice(["\n", "\r\n"]))
        text = text.replace("<questestinterop", "<!-- a remark --><questestinterop", 1)
        members[at] = (name, text.encode(encoding))
        return Mutant(
            zips.packed(members, rng.choice([0, 8])), f"packed anew, {encoding}", "same", seed
        )

    def _hostile(self, seed: int, text: str, rng: random.Random) -> Mutant:
        how = rng.choice(
            ["DTD", "DTD in UTF-16", "laughs", "laughs in UTF-16", "deep", "long", "bomb"]
        )
        head, body = re.match(r"(<\?xml.*?\?>)?(.*)", text, re.DOTALL).groups()
        if how.startswith(("DTD", "laughs")):
            dtd = LAUGHS if how.startswith("laughs") else rng.choice(ENTITIES)
            body = re.sub(
                r"(<mattext[^>]*>)", r"\1" + ("&l9;" if dtd is LAUGHS else ""), body, count=1
            )
            made = f"{dtd}{body}"
            raw = made.encode("utf-16") if how.endswith("UTF-16") else made.encode()
            return self._with(seed, raw, how, "refused")
        if how == "deep":
            depth = rng.choice([100, 5000, 100_000])
            inner = rng.choice(["section", "and", "material", "x"])
            piece = f"<{inner}>" * depth + f"</{inner}>" * depth
            at = rng.choice(
                [
                    m.end()
                    for m in re.finditer(r"<(?:section|conditionvar|presentation)[^>]*>", body)
                ]
            )
            return self._with(
                seed, (head or "").encode() + (body[:at] + piece + body[at:]).encode(), how
            )
        if how == "long" and rng.random() < 0.2:
            return self._with(
                seed, text.replace("</mattext>", "y" * 10_000_000 + "</mattext>", 1).encode(), how
            )
        size = rng.choice([1 << 20, 200 << 20]) if rng.random() < 0.2 else 1 << 20
        members = [("imsmanifest.xml", b"<m/>"), ("q/q.xml", bytes(size))]
        return Mutant(zips.packed(members), f"bomb of {size >> 20} MiB", "refused", seed)

    def read(self, data: bytes) -> Any:
        path = self.written(data, "quiz.zip")
        quizzes = read_package(path)
        matched = []
        for quiz in quizzes:
            for item in quiz.items:
                assert item.points is None or item.points.is_finite(), item.points
            found = match_quiz(quiz, self.bank, path, self.key)
            ids = [question.id for question in found.quiz.questions]
            assert len(set(ids)) == len(ids)
            matched.append(found)
        left = sorted(each.name for each in self.folder.parent.iterdir() if each.name == "x.txt")
        assert not left, "a member was unpacked outside"
        return quizzes, matched


def _changed_xml(text: str, rng: random.Random) -> tuple[str, str]:
    """Return XML with an element or attribute taken out, doubled, emptied or changed."""
    elements = list(re.finditer(r"<(\w+)[^<>]*>", text))
    element = rng.choice(elements)
    name = element[1]
    whole = re.compile(rf"<{name}\b[^<>]*(?:/>|>.*?</{name}>)", re.DOTALL).search(
        text, element.start()
    )
    span = whole.span() if whole else element.span()
    how = rng.choice(["out", "twice", "attribute", "attribute", "text", "text", "renamed", "open"])
    if how == "out":
        made = text[: span[0]] + text[span[1] :]
    elif how == "twice":
        made = text[: span[1]] + text[span[0] : span[1]] * rng.choice([1, 1, 30]) + text[span[1] :]
    elif how == "attribute":
        attributes = list(re.finditer(r'="([^"<]*)"', text))
        chosen = rng.choice(attributes)
        value = rng.choice([v for v in ODD if "<" not in v] + [rng.choice(attributes)[1]])
        made = text[: chosen.start(1)] + value + text[chosen.end(1) :]
    elif how == "text":
        texts = list(re.finditer(r">([^<>]+)<", text))
        chosen = rng.choice(texts)
        made = text[: chosen.start(1)] + rng.choice(ODD) + text[chosen.end(1) :]
    elif how == "renamed":
        made = re.sub(rf"(</?){name}\b", rf"\1{rng.choice(['x', 'item', 'not', 'section'])}", text)
    else:
        made = text[: element.end()] + text[span[1] :]
    return made, f"{how}: {name}"
