"""Reader of the course's notebook: literals are parsed, code is never run.

The cells are Python; their syntax trees are searched for text and for lists of whole numbers.
"""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from solver.errors import BundleError
from solver.files.yaml_source import read_text

WORD = "蘋果"
LEAST_CONTEXT = 60
"""Characters of the shortest text that may be a context."""
MAX_BYTES = 64 << 20
MAX_DEPTH = 200
"""Depth of a syntax tree below which nothing is read."""


@dataclass
class Found:
    """The literals found in a notebook.

    Attributes:
        items: question, context and, where it stands there, answer.
        unpaired: questions or contexts beyond the number of the other.
        sentences: text and the place of the word in it.
        unread: cells (from 1) that are not Python.
        tokenizer, states: where tokenizers and hidden states are loaded from, ``{model}`` and
            ``{item}`` standing for numbers; None where no such path is loaded.
    """

    items: list[tuple[str, str, str | None]] = field(default_factory=list)
    unpaired: list[str] = field(default_factory=list)
    sentences: list[tuple[str, int]] = field(default_factory=list)
    unread: list[int] = field(default_factory=list)
    tokenizer: str | None = None
    states: str | None = None

    @property
    def models_apart(self) -> bool | None:
        """Whether there are several reading models, as in 2021, or one, as since; None: unknown."""
        return None if self.states is None else "{model}" in self.states


def read_notebook(path: Path) -> Found:
    """Return the items and sentences of a notebook file (.ipynb).

    Raises:
        BundleError: it is no notebook.
    """
    found = Found()
    texts: list[str] = []
    numbers: list[list[int]] = []
    for number, source in enumerate(_cells(path), start=1):
        try:
            with warnings.catch_warnings(action="ignore"):  # of "\\d" and the like, in their code
                tree = ast.parse(without_commands(source))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            found.unread.append(number)  # other cells may still hold all that is needed
            continue
        for template in _templates(tree):
            _take_path(found, template)
        for value in _literals(tree):
            if not isinstance(value, str):
                numbers.append(value)
            elif not re.search("[\ud800-\udfff]", value):  # halves of characters are no text
                texts.append(value)
    found.items, found.unpaired = reading_items(texts)
    found.sentences = sentences_with(texts, numbers, WORD)
    return found


def _cells(path: Path) -> Iterator[str]:
    try:
        document = json.loads(read_text(path, BundleError, max_bytes=MAX_BYTES))
    except (ValueError, RecursionError):  # also of a number longer than Python reads
        raise BundleError("is not a notebook: it is no JSON", path=path) from None
    cells = document.get("cells") if isinstance(document, dict) else None
    if not isinstance(cells, list):
        raise BundleError("is not a notebook: it has no cells", path=path)
    for cell in cells:
        if isinstance(cell, dict) and cell.get("cell_type") == "code":
            source = cell.get("source", "")  # a text, or a list of its lines
            lines = source if isinstance(source, list) else [source]
            yield "".join(line for line in lines if isinstance(line, str))


def without_commands(source: str) -> str:
    """Return a cell without its shell and notebook commands (``!pip``, ``%cd``), lines kept."""
    # "pass" in their place: an "if" whose only line is a command stays Python.
    return "\n".join(
        re.sub(r"\S.*", "pass", line) if line.lstrip().startswith(("!", "%")) else line
        for line in source.split("\n")
    )


def _literals(tree: ast.AST) -> Iterator[str | list[int]]:
    """Texts and lists of whole numbers in the order of the code; docstrings are left out."""
    # A list, not a function that calls itself: their depth is whoever's who wrote the file.
    waiting: list[tuple[ast.AST, int]] = [(tree, 0)]
    while waiting:
        node, depth = waiting.pop()
        if depth > MAX_DEPTH:
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.List | ast.Tuple) and _whole_numbers(node) is not None:
            yield _whole_numbers(node) or []
        # A text that stands alone is a docstring or a comment.
        elif not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            children = list(ast.iter_child_nodes(node))
            # Reversed onto a stack: taken from its end they come in the order of the code.
            waiting += [(child, depth + 1) for child in reversed(children)]


def _templates(tree: ast.AST) -> Iterator[str]:
    """Texts and f-strings, the latter with ``{}`` in place of each value."""
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = (one.value if isinstance(one, ast.Constant) else "{}" for one in node.values)
            yield "".join(str(part) for part in parts)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _take_path(found: Found, template: str) -> None:
    """Take a path of the reading models' files, of the first notebook cell that loads one."""
    if found.tokenizer is None and re.fullmatch(r"[\w./]*/tokenizer(\{\})?/?", template, re.I):
        name = template.rstrip("/").rpartition("/")[2]
        found.tokenizer = name.replace("{}", "{model}")
    match = re.fullmatch(r"[\w./]*/(output/[\w-]*?)(\{\})?([\w-]*)\{\}", template)
    if found.states is None and match is not None:
        model = "{model}" if match[2] else ""
        found.states = f"{match[1]}{model}{match[3]}{{item}}"


def _whole_numbers(node: ast.List | ast.Tuple) -> list[int] | None:
    values = [one.value for one in node.elts if isinstance(one, ast.Constant)]
    if not values or len(values) != len(node.elts):
        return None
    # True is an int to isinstance.
    whole = [value for value in values if type(value) is int]
    return whole if len(whole) == len(values) else None


def reading_items(texts: list[str]) -> tuple[list[tuple[str, str, str | None]], list[str]]:
    """Return (question, context, answer) of texts in order, and the texts left without a partner.

    An answer may be missing.

    The first question goes with the first context, and so on. Of the short texts an answer is one
    that stands as a whole in its context and not in its question, the first that none before took.
    """
    # By form, not by the notebook's names, which editions change: a question ends with a question
    # mark, its context is the long text at the same place of their order.
    # Each text once: a notebook may hold a cell twice.
    plain = list(dict.fromkeys(text for text in texts if WORD not in text))
    questions = [t for t in plain if t.rstrip().endswith("?") and len(t.split()) > 2]
    contexts = [t for t in plain if len(t) >= LEAST_CONTEXT and t not in questions and _is_prose(t)]
    short = [t for t in plain if 0 < len(t.strip()) <= 40 and t not in questions]
    items = []
    for question, context in zip(questions, contexts, strict=False):
        answer = next((t for t in short if _stands_in(t, context, question)), None)
        if answer is not None:
            short.remove(answer)
        items.append((question, context, answer))
    return items, [*questions[len(contexts) :], *contexts[len(questions) :]]


def _is_prose(text: str) -> bool:
    """Text of sentences, and no address, code or format."""
    words = text.split()
    plain = [word for word in words if re.fullmatch(r"[\w'’\-]+[.,;:!?)\"”]*", word)]
    return len(words) >= 10 and len(plain) > 0.7 * len(words) and "." in text


def _stands_in(text: str, context: str, question: str) -> bool:
    pattern = rf"(?<!\w){re.escape(text.strip())}(?!\w)"
    there = re.search(pattern, context) is not None and re.search(r"\w", text) is not None
    return there and re.search(pattern, question) is None


def sentences_with(texts: list[str], numbers: list[list[int]], word: str) -> list[tuple[str, int]]:
    """Return the sentences that hold `word`, with its place.

    Where the word stands more than once, a list of as many numbers as sentences decides, if each
    of its numbers points at the word; else it is the first place.
    """
    sentences = list(
        dict.fromkeys(text.strip() for text in texts if word in text and len(text) > 2)
    )
    for places in numbers:
        if len(places) == len(sentences) and all(
            text[at : at + len(word)] == word and at >= 0
            for text, at in zip(sentences, places, strict=True)
        ):
            return list(zip(sentences, places, strict=True))
    return [(text, text.index(word)) for text in sentences]
