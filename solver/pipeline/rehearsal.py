"""A rehearsal of a key: which questions would stay open with a bundle, found before any run.

Records that cost little are really made from the bundle (pictures, regions, layers, activations,
attention, hidden states); maps that take thousands of passes are replaced by noise of their shape.
Then every rule and cross-check decides. Its verdicts mean nothing; it lacks the same records and
regions as it would lack of the true evidence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from solver.banks.bank import GIVEN
from solver.bundle.bundle import Bundle
from solver.bundle.tagged_corpus import TAGS
from solver.decide.asked import decide_as_asked
from solver.decide.decide import UNREADABLE, quietly
from solver.errors import BundleError, EvidenceError, MissingEvidence
from solver.evidence import Array, Evidence, Record
from solver.explain.cnn.lime_surrogate import shown_signs
from solver.explain.job import ExplainSettings, Job
from solver.explain.registry import explanation_for
from solver.rules.maps.displayed import MissingRegion
from solver.rules.registry import Decide, PlannedQuestion

MADE = (
    "picture", "regions", "module", "activation", "lime_known_model", "attention", "masked_words",
    "hidden_states", "embeddings", "embedding_trials", "similarity_picture",
)  # fmt: skip
"""Kinds of records that take a pass or two, and are really made."""
TILES = 8
"""Segments a side of the stand-in for LIME."""


@dataclass(frozen=True)
class Lack:
    """Something that leaves questions open.

    Attributes:
        what: a sentence without its full stop: "lacks regions/3: the region 'fork'".
        questions: ids of the questions that it leaves open.
        checks: ids of those of which it leaves only the cross-check out.
    """

    what: str
    questions: tuple[str, ...]
    checks: tuple[str, ...]


def rehearse(
    questions: Sequence[PlannedQuestion], bundle: Bundle, settings: ExplainSettings
) -> list[Lack]:
    """Return the lacks of a bundle, in the order of the questions."""
    stage = _Stage(bundle, settings)
    found: dict[str, tuple[list[str], list[str]]] = {}
    for question in questions:
        # Always open: nothing is measured of it.
        if question.rule.name == GIVEN:
            continue
        check = question.rule.cross_check
        lacks = stage.lacks(question, question.rule.decide, question.needs)
        for what in lacks:
            found.setdefault(what, ([], []))[0].append(question.question.id)
        if check is not None:
            for what in stage.lacks(question, check.decide, question.cross_check_needs):
                # Told already with the rule, which leaves the whole question open.
                if what not in lacks:
                    found.setdefault(what, ([], []))[1].append(question.question.id)
    return [Lack(what, tuple(open_), tuple(check)) for what, (open_, check) in found.items()]


@dataclass
class _Stage:
    """Evidence as far as it was made or put up, and why the rest could not be."""

    bundle: Bundle
    settings: ExplainSettings
    evidence: Evidence = field(default_factory=Evidence)
    reasons: dict[str, str] = field(default_factory=dict)
    assumed: set[str] = field(default_factory=set)

    def lacks(self, question: PlannedQuestion, decide: Decide, needs: Sequence[str]) -> list[str]:
        for name in needs:
            self._put(name)
        lacking = list(dict.fromkeys(self.reasons[name] for name in needs if name in self.reasons))
        # A record that was only assumed holds nothing a rule could decide on.
        if (lacking and not question.rule.partial) or self.assumed & set(needs):
            return lacking
        return [*lacking, *self._decided(question, decide, needs, bool(lacking))]

    def _decided(
        self, question: PlannedQuestion, decide: Decide, needs: Sequence[str], some: bool
    ) -> Iterator[str]:
        """The rule's lacks; each lacking region is put up, so that the next is found too."""
        # A copy: regions put up for one question must not hide their lack from the next.
        evidence = Evidence({record.id: record for record in self.evidence})
        for _ in range(_MOST_REGIONS):
            try:
                with quietly():
                    decision = decide_as_asked(question, decide, evidence)
            except MissingRegion as lack:
                yield str(lack).rstrip(".")
                evidence.add(_with_region(evidence, lack))
            except MissingEvidence as lack:
                yield from [] if some else [str(lack).rstrip(".")]
                return
            except (EvidenceError, *UNREADABLE) as fault:
                yield str(fault).rstrip(".")
                return
            else:
                # On noise nothing need stand out; of what was really made it is the true verdict.
                if not some and all(_kind(name) in MADE for name in needs):
                    yield from (
                        one.sentence[0].rstrip(".")
                        for one in decision.verdicts
                        if one.holds is None
                    )
                return

    def _put(self, name: str) -> None:
        if name in self.evidence or name in self.reasons or name in self.assumed:
            return
        job = Job(name, self.bundle, self.settings)
        try:
            found = explanation_for(name)
            for place in found.pictures(job):
                self.bundle.picture(place)
            kind = _kind(name)
            if kind in MADE:
                self.evidence.add(found.run(job))
            elif kind in _STAND_INS:
                self.evidence.add(_STAND_INS[kind](job))
            else:
                # Only assumed; but a network or a filter that is not there is found all the same.
                network = job.bundle.network
                if kind in ("filter_trace", "filter_visualization"):
                    shown = job.picture_tensor(job.picture)
                    network.check_filter(job.layer, job.settings.filter, shown)
                self.assumed.add(name)
        except BundleError as problem:
            prefix = f"{self.bundle.folder}/"
            self.reasons[name] = str(problem).replace(prefix, "").rstrip(".")


_MOST_REGIONS = 100  # a rule that asks for ever more regions ends somewhere


def _kind(identifier: str) -> str:
    return identifier.split("/", 1)[0]


def _with_region(evidence: Evidence, lack: MissingRegion) -> Record:
    record = evidence.get("regions", lack.picture)
    shape = evidence.get("picture", lack.picture).array("rgb").shape[:2]
    # Any region that is neither empty nor everything will do.
    half = np.zeros(shape, bool)
    half[: shape[0] // 2] = True
    return Record(record.id, {**record.arrays, lack.name: half}, record.values)


def _noise(job: Job) -> np.random.Generator:
    # Seeded by the record's id: the same in every order, and no two maps alike.
    return np.random.default_rng(list(job.id.encode()))


def _map(job: Job, *channels: int) -> Array:
    _ = job.bundle.network  # whether it can be loaded is the first thing to know
    values = _noise(job).random((job.bundle.side, job.bundle.side, *channels), np.float32)
    return values


def _grey_map(job: Job) -> Record:
    return Record(job.id, {"map": _map(job)}, {"raw_min": 0.0, "raw_max": 1.0})


def _colour_map(job: Job) -> Record:
    values = {"raw_min": 0.0, "raw_max": 1.0, "neutral": 0.5, "std": 0.1, "samples": 1, "steps": 1}
    return Record(job.id, {"map": _map(job, 3)}, values)


def _lime(job: Job) -> Record:
    side = job.bundle.side
    tile = np.arange(side) * TILES // side
    segments = (tile[:, None] * TILES + tile).astype(np.int32)
    weights = _map(job).astype(np.float64).ravel()[: TILES**2] - 0.5
    signs = shown_signs(segments, weights, job.settings.lime_shown, 0.0)
    arrays: dict[str, Array] = {"segments": segments, "weights": weights, "signs": signs}
    return Record(job.id, arrays, {"label": job.bundle.picture(job.picture).label})


def _corpus_search(job: Job) -> Record:
    """The corpus and the model are read; how near its words lie is not reckoned."""
    materials = job.bundle.bert
    masked, layers = materials.masked, materials.english.layers
    tags = sorted({tag for one in materials.corpus for tag in one.tags} | set(TAGS))
    counts = _noise(job).integers(0, 9, (layers, len(tags)))
    nearest = [
        [[masked.also, tag] for tag, count in zip(tags, row, strict=True) for _ in range(count)]
        for row in counts
    ]
    values = {"word": masked.also, "tag": masked.tag, "tags": tags, "nearest": nearest}
    shape = (layers, 1)
    arrays: dict[str, Array] = {
        "counts": counts,
        "similarities": np.ones(shape),
        "tags": np.zeros(shape, np.int64),
    }
    return Record(job.id, arrays, values)


_STAND_INS: dict[str, Callable[[Job], Record]] = {
    "saliency": _grey_map,
    "smoothgrad": _colour_map,
    "integrated_gradients": _colour_map,
    "lime": _lime,
    "corpus_search": _corpus_search,
}
