"""Save this notebook's arrays as ``evidence.zip``, for ``hw9 key --evidence evidence.zip``.

Paste this at the end of the course's notebook and run it there; it needs nothing beyond what the
notebook has imported. It reads these variables, as far as they are there, and leaves out the rest:

    images, labels, train_paths            the pictures, their classes and files
    saliencies, smooth, integrated_grads   the maps
    filter_activations, filter_visualizations
    explanations                           LIME's explanations, a list; without it LIME is run again
    predict, segmentation                  as LIME takes them
    questions, contexts, answers           the reading items; the hidden states lie in hw9_bert/
    sentences, tokenizer, outputs          the ten sentences, and BERT's outputs for them

Nothing else is taken: no text, name, path or account. Passes of the network are made for what the
figures lack: the range of the gradients before they are scaled, other layers, other steps.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

RANGE_SAMPLES = 50
"""Noisy copies a picture for the range of SmoothGrad before it is scaled; 0 leaves that out."""
RUN_LIME = True
"""Run LIME again where its explanations were not kept: some minutes."""
SIGMA, SEED, SHOWN, LEAST_WEIGHT = 0.4, 16, 11, 0.05
ALIKE = 0.99
"""Least correlation of a map of the notebook with the same one computed here."""
SOURCE = "collected in the notebook that computed it"


class Evidence:
    """The records found so far, and the names of those that are not there."""

    def __init__(self) -> None:
        self.records: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = {}
        self.lacks: list[str] = []

    def add(
        self,
        name: str,
        arrays: Mapping[str, Any],
        values: Mapping[str, Any],
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        """Put a record in; the first of a name stays."""
        known = {"source": SOURCE, **values}
        self.records.setdefault(name, (dict(arrays), known, dict(settings or {})))

    def save(self, path: str) -> None:
        """Write the zip: manifest.json, and an .npz for each record with arrays."""
        manifest = []
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, (arrays, values, settings) in sorted(self.records.items()):
                entry: dict[str, Any] = {"id": name, "values": values, "settings": settings}
                if arrays:
                    entry["file"] = name.replace("/", "-") + ".npz"
                    buffer = io.BytesIO()
                    # No pickles: whoever reads the zip runs nothing of it.
                    np.savez_compressed(buffer, allow_pickle=False, **arrays)
                    archive.writestr(entry["file"], buffer.getvalue())
                manifest.append(entry)
            about = {"name": "collected in a notebook", "collected": True}
            document = {"format": "hw9-evidence/1", "bundle": about, "records": manifest}
            archive.writestr("manifest.json", json.dumps(document, ensure_ascii=False, indent=1))


def as_array(value: Any) -> np.ndarray:
    """Return a tensor, an array or a list of them as one array."""
    if isinstance(value, (list, tuple)):
        return np.stack([as_array(one) for one in value])
    return np.asarray(value.detach().cpu() if hasattr(value, "detach") else value)


def scaled(values: np.ndarray) -> tuple[np.ndarray, float, float]:
    """Return values min-max scaled as float32, with the least and the largest before."""
    low, high = float(values.min()), float(values.max())
    whole = (values - low) / (high - low) if high > low else np.zeros_like(values)
    return whole.astype(np.float32), low, high


def likeness(one: np.ndarray, other: np.ndarray) -> float:
    """Return the correlation of two arrays of one size; 0 where one of them is flat."""
    if one.size != other.size or np.ptp(one) == 0 or np.ptp(other) == 0:
        return 0.0
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])


def network_in(names: Mapping[str, Any]) -> Any:
    """Return the course's network: an object with `cnn` and `fc`, or one that holds such a one.

    At the notebook's end `model` is a BERT; the object for integrated gradients still holds it.
    """
    for value in list(names.values()):
        for one in (value, getattr(value, "model", None)):
            if not isinstance(one, type) and hasattr(one, "cnn") and hasattr(one, "fc"):
                return one
    raise LookupError("the network (an object with cnn and fc)")


class Network:
    """The network with the pictures, on the device where its weights are."""

    def __init__(self, names: Mapping[str, Any]) -> None:
        import torch

        self.torch, self.model = torch, network_in(names)
        self.model.eval()
        weight = next(self.model.parameters())
        self.pictures = names["images"].detach().to(weight.device)
        self.labels = torch.as_tensor(names["labels"]).to(weight.device)

    def gradients(self, pictures: Any, labels: Any, *, logit: bool = False) -> np.ndarray:
        """Return the gradient (B, 3, H, W) of the mean loss, or of the labels' logits."""
        # A clone: the notebook's own pictures keep their `.grad`.
        leaves = pictures.clone().requires_grad_()
        answers = self.model(leaves)
        if logit:
            # The sum over pictures, each of which has its own gradient in it.
            aim = answers.gather(1, labels[:, None]).sum()
        else:
            aim = self.torch.nn.functional.cross_entropy(answers, labels)
        return as_array(self.torch.autograd.grad(aim, leaves)[0])

    def activation(self, layer: int) -> np.ndarray:
        """Return the map of filter 0 (B, h, w) behind a module of `cnn`."""
        found = []
        hook = self.model.cnn[layer].register_forward_hook(lambda *call: found.append(call[2]))
        try:
            with self.torch.no_grad():
                self.model(self.pictures)
        finally:
            hook.remove()
        return as_array(found[0])[:, 0]

    def integrated(self, k: int, steps: int) -> np.ndarray:
        """Return the course's integrated gradients (3, H, W): alpha 0 to 1, the last left out."""
        total, label = 0.0, self.labels[k : k + 1]
        for step in range(steps):
            # From black, by alpha 0, 1/n ... (n-1)/n, as the course's own loop.
            one = self.pictures[k : k + 1] * (step / steps)
            total = total + self.gradients(one, label, logit=True)[0]
        return np.asarray(total) / steps


def pictures(found: Evidence, names: Mapping[str, Any], _: Any) -> None:
    """The pictures as bytes, with class and file stem."""
    whole, labels = as_array(names["images"]), as_array(names["labels"])
    paths = [str(path) for path in names.get("train_paths", ())]
    for k, picture in enumerate(whole):
        rgb = np.clip(np.rint(picture.transpose(1, 2, 0) * 255), 0, 255).astype(np.uint8)
        values: dict[str, Any] = {"label": int(labels[k])}
        stem = re.split(r"[\\/]", paths[k])[-1].rsplit(".", 1)[0] if k < len(paths) else ""
        if re.fullmatch(r"\d{1,3}_\d{1,6}", stem):  # a course's own name, and no other
            values["name"] = stem
        found.add(f"picture/{k}", {"rgb": rgb}, values)


def saliency(found: Evidence, names: Mapping[str, Any], _: Any) -> None:
    """The saliency maps, with the range before each was scaled."""
    maps = as_array(names["saliencies"])
    raw = None
    try:
        network = Network(names)
        raw = np.abs(network.gradients(network.pictures, network.labels)).max(1)
    except Exception as problem:
        found.lacks.append(f"the range of saliency before it is scaled ({problem})")
    for k, one in enumerate(maps):
        values = {}
        # Another network, or other pictures, would give a range that is none of this map's.
        if raw is not None and likeness(raw[k], one) >= ALIKE:
            values = {"raw_min": float(raw[k].min()), "raw_max": float(raw[k].max())}
        found.add(f"saliency/{k}", {"map": scaled(one)[0]}, values)


def smoothgrad(found: Evidence, names: Mapping[str, Any], _: Any) -> None:
    """The SmoothGrad maps, with the range of a few noisy copies' mean."""
    maps = as_array(names["smooth"])
    maps = maps.reshape(len(maps), *maps.shape[-3:])  # (N, 1, 3, H, W) as the course stacks them
    try:
        network = Network(names) if RANGE_SAMPLES else None
    except Exception as problem:
        network = None
        found.lacks.append(f"the range of SmoothGrad before it is scaled ({problem})")
    for k, one in enumerate(maps):
        values = {}
        if network is not None:
            picture, label = network.pictures[k : k + 1], network.labels[k : k + 1]
            # As the course has it, which divides and squares where the paper multiplies.
            std = (SIGMA / float(picture.max() - picture.min())) ** 2
            draws = (
                picture + std * network.torch.randn_like(picture) for _ in range(RANGE_SAMPLES)
            )
            mean = sum(np.abs(network.gradients(draw, label)) for draw in draws) / RANGE_SAMPLES
            values = {"raw_min": float(mean.min()), "raw_max": float(mean.max())}
            values["raw_range_samples"] = RANGE_SAMPLES
        found.add(f"smoothgrad/{k}", {"map": scaled(one.transpose(1, 2, 0))[0]}, values)


def filters(found: Evidence, names: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Activations of filter 0 behind each wanted layer, and the visualization the notebook has.

    Which layer that is of, the activation beside it tells.
    """
    network = Network(names)
    shown = as_array(names["filter_activations"]) if "filter_activations" in names else None
    for layer in wanted["layers"]:
        maps = network.activation(layer)
        for k, one in enumerate(maps):
            found.add(f"activation/{layer}/{k}", {"map": one.astype(np.float32)}, {"filter": 0})
        # The visualization's layer is named nowhere; the activation beside it tells.
        if shown is None or shown.shape != maps.shape or likeness(shown, maps) < ALIKE:
            continue
        for k, one in enumerate(as_array(names["filter_visualizations"])):
            rgb = scaled(one.transpose(1, 2, 0))[0]
            found.add(f"filter_visualization/{layer}/{k}", {"rgb": rgb}, {"filter": 0})


def integrated_gradients(
    found: Evidence, names: Mapping[str, Any], wanted: Mapping[str, Any]
) -> None:
    """Integrated gradients: the notebook's own, known by comparison, and the other steps asked."""
    network = Network(names)
    own = as_array(names["integrated_grads"]) if "integrated_grads" in names else None
    for k, counts in sorted((int(k), counts) for k, counts in wanted["steps"].items()):
        for steps in sorted(counts):
            here = network.integrated(k, steps)
            mine = own[k].reshape(here.shape) if own is not None and k < len(own) else here
            # The notebook's own where it is of these steps; they differ by rounding at the most.
            whole = mine if np.abs(mine - here).max() <= 1e-3 * np.abs(here).max() else here
            values, low, high = scaled(whole.transpose(1, 2, 0))
            neutral = -low / (high - low) if high > low else 0.0
            about = {"raw_min": low, "raw_max": high, "neutral": neutral, "samples": steps}
            found.add(f"integrated_gradients/{k}/{steps}", {"map": values}, about)


def lime(found: Evidence, names: Mapping[str, Any], _: Any) -> None:
    """LIME's superpixels, weights and the eleven that are drawn."""
    labels = as_array(names["labels"])
    kept = names.get("explanations")
    if not kept and RUN_LIME:
        kept = _run_lime(names)
    if not kept:
        raise LookupError("explanations, a list of LIME's explanations")
    for k, one in enumerate(kept):
        segments = as_array(one.segments)
        weights = np.zeros(int(segments.max()) + 1)
        # The first label's number is what lime counts from: its feature i hides segment i.
        for feature, weight in one.local_exp[int(labels[k])]:
            if feature < len(weights):
                weights[feature] = weight
        drawn = [f for f, w in one.local_exp[int(labels[k])][:SHOWN] if abs(w) >= LEAST_WEIGHT]
        signs = np.zeros(len(weights), np.int8)
        inside = [feature for feature in drawn if feature < len(weights)]
        signs[inside] = np.sign(weights[inside])
        arrays = {
            "segments": segments.astype(np.int32),
            "weights": weights,
            "signs": signs[segments],
        }
        values = {"intercept": float(one.intercept[int(labels[k])]), "score": float(one.score)}
        found.add(f"lime/{k}", arrays, values, {"lime_superpixels": _superpixels(segments)})


def _run_lime(names: Mapping[str, Any]) -> list[Any]:
    from lime import lime_image

    found = []
    np.random.seed(SEED)  # once, before the loop over the pictures, as the course's cell does
    with network_as_model(names["predict"], network_in(names)):
        for picture in as_array(names["images"]).transpose(0, 2, 3, 1):
            explainer = lime_image.LimeImageExplainer()
            how = {"classifier_fn": names["predict"], "segmentation_fn": names["segmentation"]}
            found.append(explainer.explain_instance(image=picture.astype(np.double), **how))
    return found


@contextlib.contextmanager
def network_as_model(predict: Any, network: Any) -> Iterator[None]:
    """Let `predict` ask the network meanwhile: its `model` may be a BERT by now."""
    names = getattr(predict, "__globals__", {})
    before = names.get("model")
    names.update({"model": network} if before is not None else {})
    try:
        yield
    finally:
        names.update({"model": before} if before is not None else {})


def _superpixels(segments: np.ndarray) -> dict[str, Any]:
    from importlib.metadata import version as installed

    major, minor = (int(part) for part in installed("scikit-image").split(".")[:2])
    version = "0.16" if (major, minor) < (0, 17) else "0.18" if (major, minor) < (0, 19) else "0.19"
    start = min(int(segments.min()), 1)
    about = {"segments": 200, "compactness": 1.0, "sigma": 1.0}
    return {"scikit_image": version, "start_label": start, **about}


def hidden_states(found: Evidence, names: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """The plots of hidden states of every model and item whose file is there."""
    import torch
    from sklearn.decomposition import PCA
    from transformers import AutoTokenizer

    for model, item in wanted["hidden_states"]:
        paths = list(Path("hw9_bert").glob(f"output/model{model}_q{item}"))
        folders = list(Path("hw9_bert").glob(f"[tT]okenizer{model}"))
        if not paths or not folders:
            found.lacks.append(f"hidden states of model {model} on item {item} (no file)")
            continue
        states = torch.load(paths[0], map_location="cpu", weights_only=True)
        tokenizer = AutoTokenizer.from_pretrained(str(folders[0]))
        question, context = names["questions"][item - 1], names["contexts"][item - 1]
        ids = tokenizer(question, context)["input_ids"]
        end = ids.index(tokenizer.sep_token_id)
        answer = tokenizer(names["answers"][item - 1], add_special_tokens=False)["input_ids"]
        # [CLS], the question, [SEP], the context, [SEP].
        roles = np.array([0] + [1] * (end - 1) + [0] + [2] * (len(ids) - end - 2) + [0], np.int8)
        for at in range(end + 1, len(ids) - len(answer)):
            if ids[at : at + len(answer)] == answer:
                roles[at : at + len(answer)] = 3
        if states[1].shape[1] != len(ids):
            found.lacks.append(f"hidden states of model {model} on item {item} (other tokens)")
            continue
        # From 1: states[0] are the embeddings, which no plot of the course shows.
        points = [PCA(2, random_state=0).fit_transform(as_array(one)[0]) for one in states[1:]]
        arrays = {"points": np.stack(points).astype(np.float32), "roles": roles}
        pieces = tokenizer.convert_ids_to_tokens(ids)
        found.add(f"hidden_states/{model}/{item}", arrays, {"pieces": list(pieces)})


def embeddings(found: Evidence, names: Mapping[str, Any], _: Any) -> None:
    """The states of the word's two characters in every sentence and layer."""
    sentences, tokenizer = list(names["sentences"]), names["tokenizer"]
    first, second = tokenizer.convert_tokens_to_ids(["蘋", "果"])
    places, lengths, states = [], [], []
    for sentence, output in zip(sentences, names["outputs"]):  # noqa: B905 - older Pythons too
        ids = tokenizer(sentence)["input_ids"]
        place = next(at for at in range(len(ids) - 1) if ids[at : at + 2] == [first, second])
        layers = [as_array(layer)[0, place : place + 2] for layer in output.hidden_states]
        states.append(np.stack(layers))
        places.append(place)
        lengths.append(len(ids))
    arrays = {
        "states": np.stack(states, 1).astype(np.float32),  # (layers, sentences, 2, width)
        "places": np.array(places),
        "lengths": np.array(lengths),
    }
    found.add("embeddings", arrays, {"sentences": sentences, "word": "蘋果"})


PARTS = (
    pictures,
    saliency,
    smoothgrad,
    filters,
    integrated_gradients,
    lime,
    hidden_states,
    embeddings,
)


def collect_evidence(
    names: Mapping[str, Any], wanted: Mapping[str, Any], path: str = "evidence.zip"
) -> None:
    """Save a notebook's arrays as evidence, and print which are there and which are not.

    Args:
        names: the notebook's variables.
        wanted: "layers", the activations asked for; "steps", by picture the numbers of steps;
            "hidden_states", pairs of model and item.
        path: of the zip.
    """
    found = Evidence()
    for part in PARTS:
        before = len(found.records)
        try:
            part(found, names, wanted)
        except Exception as problem:  # one part that is not there must not cost the others
            told = f"no variable {problem}" if isinstance(problem, KeyError) else str(problem)
            found.lacks.append(f"{part.__name__} ({told or type(problem).__name__})")
        print(f"{part.__name__}: {len(found.records) - before} records")
    found.save(path)
    for lack in found.lacks:
        print(f"not there: {lack}")
    size = Path(path).stat().st_size / 1e6
    print(f"{path}: {len(found.records)} records, {size:.1f} MB. hw9 key --evidence {path}")
