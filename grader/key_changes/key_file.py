"""A key's file that a person changes: read once, and saved only over the state that was read."""

from __future__ import annotations

from pathlib import Path

from solver.banks.bank import Bank
from solver.errors import OutputError
from solver.files.atomic_write import sha256_of
from solver.files.lock import one_at_a_time
from solver.key import Key, save_key
from solver.key_checks.agreement import load_key_for


class KeyChangedError(OutputError):
    """Somebody else has changed the key since it was read."""


class KeyFile:
    """A key beside its file.

    Attributes:
        bank: the questions it was made from.
        path: of the file.
        key: as it was read, or saved last.
        sha256: of the file then.
    """

    def __init__(self, bank: Bank, path: Path) -> None:
        """Read the key; a derived answer changed by hand is taken, since a decision mends it.

        Raises:
            KeyFileError: it cannot be read, or is not of this bank.
        """
        self.bank = bank
        self.path = path
        self.read()

    def read(self) -> None:
        """Read the file again; see `__init__`."""
        try:
            # Before the key is read: a change in between is then taken for one, and never missed.
            before = sha256_of(self.path)
        except OSError:
            before = ""  # the sentence about a missing file is that of reading it
        self.key = load_key_for(self.bank, self.path, answers=False)
        self.sha256 = before

    @property
    def changed_outside(self) -> bool:
        """Whether the file is no longer the one that was read."""
        try:
            # The content, not the time: a cloud folder may touch a file and change nothing.
            return sha256_of(self.path) != self.sha256
        except OSError:
            return True

    def save(self, key: Key) -> None:
        """Write another key whole in its place.

        Raises:
            KeyChangedError: the file was changed meanwhile; nothing is written.
            OutputError: it cannot be written.
        """
        # Asked with the lock held: another program that saves could come between look and write.
        with one_at_a_time(self.path):
            if self.changed_outside:
                raise KeyChangedError(
                    f"{self.path}: was changed by somebody else since it was read. Nothing was "
                    "written; look at it and decide again."
                )
            save_key(key, self.path)
            self.key = key
            self.sha256 = sha256_of(self.path)
