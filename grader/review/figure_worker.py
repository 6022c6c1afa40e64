"""A process that draws a key's figures and writes its page, apart from the server.

Deciding which figures a rule asks for takes seconds a question; in a process of its own it holds
up no request, and its libraries are loaded while the page is already there. It ends when the
server's end of the pipe is closed, in whatever way the server ended.
"""

from __future__ import annotations

import multiprocessing
import signal
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from markupsafe import Markup

from solver.errors import EvidenceError, Hw9Error, InputError, KeyFileError, OutputError
from solver.key import Key


@dataclass(frozen=True)
class Attention:
    """A record of attention that a question rests on, and how many layers and heads it has."""

    record: str
    layers: int
    heads: int


@dataclass(frozen=True)
class Drawn:
    """A question's figures.

    Attributes:
        figures: as HTML.
        attention: its records of attention, each once.
        rule, cross_check: how it is measured, in words.
        problem: why there are none.
    """

    figures: tuple[Markup, ...] = ()
    attention: tuple[Attention, ...] = ()
    rule: Markup = field(default_factory=Markup)
    cross_check: Markup = field(default_factory=Markup)
    problem: tuple[str, str] | None = None


@dataclass(frozen=True)
class Head:
    """Attention of one head: tokens, their links as drawn, and the weights (T, T)."""

    drawn: Markup
    pieces: tuple[str, ...]
    rows: tuple[tuple[float, ...], ...]


class FigureWorker:
    """The process, as the server speaks to it: one request at a time.

    Args:
        folder: of the key, with ``evidence/``.
        bank: folder of the key's bank.
    """

    def __init__(self, folder: Path, bank: Path) -> None:
        self._folder = folder
        self._bank = bank
        self._one_at_a_time = threading.Lock()
        self._pipe: Connection | None = None
        self._process: Any = None

    def start(self) -> None:
        """Start the process; it loads its libraries before anybody asks."""
        # Not "fork": the server has threads, whose locks a fork would copy as they are.
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        arguments = (theirs, self._folder, self._bank)
        self._process = context.Process(target=_work, args=arguments, daemon=True)
        self._process.start()
        # The child has its own copy; with this one open, its end would never be seen.
        theirs.close()

    def end(self) -> None:
        """End the process."""
        if self._pipe is not None:
            self._pipe.close()
            # It may be at a figure, which takes seconds, before it sees that the pipe is closed.
            self._process.join(5)
            if self._process.is_alive():
                self._process.terminate()

    def draw(self, question: str) -> Drawn:
        """Return the figures of a question."""
        return self._ask("draw", question)

    def head(self, question: str, place: int, layer: int, head: int) -> Head:
        """Return one head of a record of attention; layer and head count from 1."""
        return self._ask("head", question, place, layer, head)

    def prepare(self, question: str) -> None:
        """Find out which figures a question has."""
        self._ask("prepare", question)

    def write_page(self, key: Key) -> None:
        """Write key.html, unless it shows this key already."""
        self._ask("write_page", key)

    def _ask(self, name: str, *given: object) -> Any:
        with self._one_at_a_time:
            if self._pipe is None:
                raise OutputError("figures are not drawn any more")
            try:
                self._pipe.send((name, given))
                fault, answer = self._pipe.recv()
            except (EOFError, OSError):
                raise OutputError(
                    "the process that draws figures has ended; start the command again"
                ) from None
        if fault:
            raise InputError(fault)
        return answer


def _work(pipe: Connection, folder: Path, bank: Path) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which ends this one
    desk = _Desk(folder, bank)
    while True:
        try:
            name, given = pipe.recv()
        except (EOFError, OSError):
            return
        try:
            answer = "", getattr(desk, name)(*given)
        # As text: an exception with arguments of its own need not come through a pipe whole.
        except (Hw9Error, OSError) as problem:
            answer = str(problem), None
        try:
            pipe.send(answer)
        except OSError:
            return


class _Desk:
    """Bank, evidence and figures, each made once."""

    def __init__(self, folder: Path, bank: Path) -> None:
        from solver.banks.bank import load_bank
        from solver.evidence import Evidence, load_evidence
        from solver.key import load_key
        from solver.page.figures.registry import all_figure_kinds
        from solver.pipeline.kept_figures import kept_figures
        from solver.rules.registry import all_rules

        _ = all_rules(), all_figure_kinds()  # loaded before anybody asks
        self._folder = folder
        self._bank = load_bank(bank)
        # Kept for the whole review: decisions change answers, and no figure.
        self._figures: dict[str, Sequence[Any]] = {}
        self._problem: tuple[str, str] | None = None
        try:
            self._evidence = load_evidence(folder / "evidence")
            with suppress(KeyFileError):  # the server says it
                key = load_key(folder / "key.yaml")
                self._figures |= kept_figures(key, folder / "evidence")
        except EvidenceError as problem:
            self._evidence = Evidence({})
            self._problem = problem.in_both

    def prepare(self, question: str) -> None:
        from solver.pipeline.kept_figures import figures_of
        from solver.pipeline.make_key import planned

        if question not in self._figures:
            asked = planned(self._bank, [question])[0]
            self._figures[question] = figures_of(asked, self._evidence)

    def draw(self, question: str) -> Drawn:
        from solver.page.figures.registry import figure_html
        from solver.page.measures import measure_html
        from solver.rules.former_names import current_name
        from solver.rules.registry import all_rules

        asked = self._bank.question(question)
        rule = all_rules().get(current_name(asked.rule))
        check = rule.cross_check if rule else None
        if self._problem:
            english, chinese = self._problem
            return Drawn(problem=(f"No figures can be drawn: {english}.", f"無法畫圖：{chinese}。"))
        self.prepare(question)
        figures = tuple(figure_html(one, self._evidence) for one in self._figures[question])
        attention = tuple(Attention(name, *shape) for name, shape in self._heads(question).items())
        return Drawn(
            figures,
            attention,
            measure_html(rule.name, "rule", rule.what) if rule else Markup(),
            measure_html(rule.name, "cross_check", check.what) if rule and check else Markup(),
        )

    def _heads(self, question: str) -> dict[str, tuple[int, int]]:
        found: dict[str, tuple[int, int]] = {}
        for figure in self._figures[question]:
            if figure.kind.startswith("bert_") and "record" in figure.parameters:
                name = str(figure.parameters["record"])
                try:
                    layers, heads = self._weights(name).shape[:2]
                except EvidenceError:
                    continue  # a record of another kind
                found[name] = layers, heads
        return found

    def _weights(self, record: str) -> Any:
        from solver.rules.bert.attention import checked_weights

        return checked_weights(self._evidence.get(*record.split("/")))

    def head(self, question: str, place: int, layer: int, head: int) -> Head:
        from solver.page.figures.bert import link_drawing

        self.prepare(question)
        # By place, not by name: an address holds no text that would be looked up among files.
        names = list(self._heads(question))
        if not 0 <= place < len(names):
            raise InputError("the question rests on no such attention")
        weights = self._weights(names[place])
        if not (1 <= layer <= weights.shape[0] and 1 <= head <= weights.shape[1]):
            raise InputError(f"there is no layer {layer}, head {head}")
        record = self._evidence.get(*names[place].split("/"))
        pieces = tuple(str(piece) for piece in record.value("pieces"))
        one = weights[layer - 1, head - 1]
        caption = f"Layer {layer}, head {head}", f"第 {layer} 層，第 {head} 個 head"
        rows = tuple(tuple(float(each) for each in row) for row in one)
        return Head(link_drawing(one, pieces, caption), pieces, rows)

    def write_page(self, key: Key) -> None:
        from solver.decide.decide import quietly
        from solver.files.atomic_write import write_whole
        from solver.page.key_page import render_key_page

        if self._problem:
            raise EvidenceError(f"key.html cannot be written again: {self._problem[0]}")
        with quietly():
            page = render_key_page(key, self._bank, self._evidence, self._figures)
        path = self._folder / "key.html"
        # The same page is not written again: a cloud folder would send it up each time.
        if not path.exists() or path.read_text(encoding="utf-8") != page:
            write_whole(path, page)
