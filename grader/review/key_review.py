"""A key under review: its file, its evidence, its class, and the decisions taken on it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from grader.key_changes import key_override
from grader.key_changes.key_file import KeyChangedError, KeyFile
from grader.review.class_preview import ClassPreview
from grader.review.figure_worker import FigureWorker
from grader.review.requests import Decide
from solver.banks.bank import Bank
from solver.decide.doubt.estimate import doubt_of
from solver.errors import Hw9Error, InputError
from solver.key import Key, KeyQuestion
from solver.key_checks.consistency import answer_words


class KeyReview:
    """A key's folder while it is reviewed.

    key.yaml is written at each decision, and then key.html, by a process of its own.

    Args:
        folder: with ``key.yaml`` and, for the figures, ``evidence/``.
        bank: the key's own.
        run: folder of a graded class.

    Raises:
        Hw9Error: key or run cannot be read.
    """

    def __init__(self, folder: Path, bank: Bank, run: Path | None = None) -> None:
        self.folder = folder
        self.bank = bank
        self.file = KeyFile(bank, folder / "key.yaml")
        self.the_class = ClassPreview(run, bank) if run else None
        # Requests come on several threads, and each change is read, made and written as one.
        self.lock = threading.RLock()
        self.page_problem = ""
        self.worker = FigureWorker(folder, bank.folder)
        self._asked_for = threading.Event()
        self._ended = threading.Event()
        self._page: threading.Thread | None = None

    @property
    def key(self) -> Key:
        """The key as it was read or written last."""
        return self.file.key

    @property
    def version(self) -> str:
        """The hash of its file, which each change must name."""
        return self.file.sha256

    def entry(self, question: str) -> KeyQuestion:
        """Return a question of the key.

        Raises:
            InputError: it has none of this id.
        """
        for entry in self.key.questions:
            if entry.id == question:
                return entry
        raise InputError(f"the key has no question {question!r}")

    def in_order(self) -> list[KeyQuestion]:
        """Return all questions: those without an answer, then the contested, worst first."""

        def place(entry: KeyQuestion) -> tuple[bool, bool, float, str]:
            contested = entry.contested
            doubt = doubt_of(entry) if contested else 0.0
            return (entry.state != "open", not contested, -doubt, entry.id)

        return sorted(self.key.questions, key=place)

    def look_again(self) -> None:
        """Read the key again if somebody else has changed its file.

        Raises:
            KeyFileError: it is no key any more.
        """
        with self.lock:
            if self.file.changed_outside:
                self.file.read()
                self._ask_for_page()

    # Decisions

    def changed(self, wanted: Decide) -> Key:
        """Return the key with a decision, which is not written.

        Raises:
            Hw9Error: the question does not take it.
        """
        entry = self.entry(wanted.question)
        name, by, why = entry.id, wanted.by, wanted.why
        if wanted.choice == "undecided":
            # Undoing what nobody decided is an error on the command line, and on a page no change
            # at all.
            undone = entry.decision != "undecided"
            return key_override.without_override(self.key, name) if undone else self.key
        if wanted.choice == "accepted":
            return key_override.with_acceptance(self.key, name, by, why)
        if wanted.choice == "everybody":
            return key_override.with_void(self.key, name, by=by, why=why)
        if wanted.choice == "left_out":
            return key_override.with_left_out(self.key, name, by=by, why=why)
        given = answer_words(entry, wanted.answer or [])
        if not given:
            raise InputError(
                "no option was chosen", mend="Choose the options that earn the points."
            )
        # Of a question with one right option each of several earns; of all others, a second whole
        # answer beside the derived one.
        several = wanted.choice == "either" and entry.kind == "single"
        if several and len(wanted.answer or []) < 2:
            raise InputError("either of two needs two options or more")
        first, also = given, []
        if wanted.choice == "either" and not several:
            first, also = answer_words(entry, entry.correct), [given]
            if not first:
                raise InputError("nothing was derived that the other answer could be added to")
            if first == given:
                raise InputError("the two answers are the same one")
        return key_override.with_override(
            self.key,
            name,
            first,
            why,
            by,
            bank=self.bank,
            path=self.file.path,
            each_earns=several,
            also=also,
        )

    def decide(self, wanted: Decide) -> None:
        """Take a decision and write the key whole.

        Raises:
            KeyChangedError: the key is not the one that the decision was taken on.
            Hw9Error: it lacks who or why, or the question does not take it.
        """
        if wanted.choice not in ("accepted", "undecided") and not wanted.why.strip():
            raise InputError("a reason is needed for anything but plain acceptance")
        if wanted.choice != "undecided" and not wanted.by.strip():
            raise InputError("say who decides")
        self._write(wanted.version, lambda: self.changed(wanted))

    def sign(self, version: str, by: str, when: str) -> None:
        """Sign the key and write it whole; errors are those of `decide`."""
        self._write(version, lambda: key_override.with_signature(self.key, by, when))

    def regrade(self, version: str, by: str, why: str) -> int:
        """Regrade the class by the signed key; return how many students move.

        Raises:
            KeyChangedError: the key is not the one that was shown.
            Hw9Error: there is no class, the key is not signed, or nothing can be written.
        """
        with self.lock:
            self._hold(version)
            if self.the_class is None:
                raise InputError("no run was given")
            if self.key.signature is None:
                raise InputError("the key is not signed, so nothing was regraded")
            if not (by.strip() and why.strip()):
                raise InputError("say who decides, and why")
            plan = self.the_class.write(self.key, by.strip(), why.strip())
            counts = plan.counts()
            return counts.up + counts.down

    def _write(self, version: str, change: Callable[[], Key]) -> None:
        with self.lock:
            self._hold(version)
            # `change` runs under the lock: on the key as it is now, not as it was when it was
            # asked.
            self.file.save(change())
        self._ask_for_page()

    def _hold(self, version: str) -> None:
        if self.file.changed_outside:
            with suppress(Hw9Error):
                self.file.read()
        # A decision is on the key that its page showed: a page in another tab may show an older
        # one.
        if version != self.version:
            raise KeyChangedError(
                f"{self.file.path}: was changed since this page showed it, in another tab or by a "
                "command. Nothing was written; look at it and decide again."
            )

    # key.html

    def start(self) -> None:
        """Begin to keep key.html as the key is."""
        self.worker.start()
        # Beside the requests: a page takes seconds, and a decision is written at once.
        self._page = threading.Thread(target=self._keep_page, name="key.html", daemon=True)
        self._page.start()
        if _older(self.folder / "key.html", self.file.path):  # a kill came between the two
            self._ask_for_page()

    def _ask_for_page(self) -> None:
        self._asked_for.set()

    def end(self) -> None:
        """Return when key.html shows the key as it is."""
        self._ended.set()
        self._asked_for.set()
        if self._page is not None:
            self._page.join()
        self.worker.end()

    def _keep_page(self) -> None:
        shown = self.version if not self._asked_for.is_set() else ""
        while True:
            self._asked_for.wait()
            # Cleared before the key is read: a decision taken meanwhile asks for one more page.
            self._asked_for.clear()
            if shown != self.version:
                shown = self._written_page()
            if self._ended.is_set() and not self._asked_for.is_set():
                return

    def _written_page(self) -> str:
        """Write key.html; return the version that it shows."""
        with self.lock:
            # Together, under the lock; the page itself is drawn without it.
            key, version = self.key, self.version
        try:
            for entry in self.in_order():
                self.worker.prepare(entry.id)
                time.sleep(0.02)  # figures that somebody looks at come between
            self.worker.write_page(key)
            self.page_problem = ""
        except Hw9Error as problem:
            self.page_problem = str(problem)
        return version


def _older(one: Path, other: Path) -> bool:
    try:
        # The times of files are enough here: a page too many costs seconds and nothing else.
        return one.stat().st_mtime_ns < other.stat().st_mtime_ns
    except OSError:
        return False
