"""Times as exports and people write them; a time without its zone is no time."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

_SHAPE = re.compile(
    r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})[ T](\d{1,2}):(\d{2})(?::(\d{2}))?(?:\.\d+)?"
    r"\s*(UTC|GMT|Z|[+-]\d{2}:?\d{2})?"
)


_SECONDS = {f"{second:02d}": timedelta(seconds=second) for second in range(60)}


def read_time(text: str) -> datetime:
    """Return the moment that ``2026-04-09 03:28:49 UTC`` (or ``+0800``) names, in UTC.

    Raises:
        ValueError: with the fault, as the end of a sentence.
    """
    # A class hands in within a few thousand minutes, each of which is read once. Two colons in
    # these places and no zone but UTC: what follows the second is the seconds.
    if text[13:14] == text[16:17] == ":" and text[19:] == " UTC":
        second = _SECONDS.get(text[17:19])
        if second is not None:
            return _read(f"{text[:17]}00 UTC") + second
    return _read(text)


@lru_cache(maxsize=4096)
def _read(text: str) -> datetime:
    match = _SHAPE.fullmatch(text.strip())
    if match is None:
        raise ValueError("is not written like 2026-04-09 03:28:49 UTC")
    # "0" for what is not written: right for seconds, and a mark that the zone is missing.
    *clock, zone = match.groups("0")
    if zone == "0":
        raise ValueError("has no time zone (UTC, +0800)")
    try:
        year, month, day, hour, minute, second = map(int, clock)
        moment = datetime(year, month, day, hour, minute, second, tzinfo=_zone(zone))
        return moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("is not a valid date and time") from None


def _zone(text: str) -> timezone:
    if text in {"UTC", "GMT", "Z"}:
        return UTC
    minutes = int(text[1:3]) * 60 + int(text[-2:])
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))
