"""A notebook of our own that does what the course's does, run cell by cell without Jupyter.

The cells follow HOMEWORK.md, section 2, with the course's names of variables. They are run on the
demo's weights, for a few pictures and samples; `plt.show` keeps each figure as a PNG, as an inline
backend does.
"""

from __future__ import annotations

import base64
import contextlib
import io
import json
import os
from pathlib import Path
from typing import Any

SETUP = """
import numpy as np, torch, matplotlib.pyplot as plt
from PIL import Image
from solver.models.food_cnn import load_network
model = load_network(DEMO / "checkpoint.pth").eval()
train_paths = sorted((DEMO / "food").glob("*"), key=lambda p: int(p.stem))[:COUNT]
train_labels = [int(p.stem.split("_")[0]) for p in train_paths]
pixels = [np.array(Image.open(p).convert("RGB").resize((128, 128), 2)) / 255 for p in train_paths]
images = torch.tensor(np.stack(pixels).transpose(0, 3, 1, 2), dtype=torch.float32)
labels = torch.tensor(train_labels)

def normalize(x):
    return (x - x.min()) / (x.max() - x.min())

def rows(*kinds):
    if not DRAWN:
        return
    fig, axs = plt.subplots(len(kinds), len(images), figsize=(15, 8), squeeze=False)
    for row, (items, colours) in enumerate(kinds):
        for column, item in enumerate(items):
            item = item.numpy() if torch.is_tensor(item) else item
            axs[row][column].imshow(item, cmap=colours)
    plt.show()
    plt.close()

photos = images.permute(0, 2, 3, 1).numpy()
rows((photos, None))
"""

LIME = """
from lime import lime_image
from skimage.segmentation import slic

def predict(pictures):
    pictures = torch.tensor(pictures, dtype=torch.float32).permute(0, 3, 1, 2)
    return model(pictures).detach().numpy()

def segmentation(picture):
    return slic(picture, n_segments=200, compactness=1, sigma=1, start_label=0)

np.random.seed(16)
explanations, overlays = [], []
for image, label in zip(photos.astype(np.double), labels):
    explainer = lime_image.LimeImageExplainer()
    explanation = explainer.explain_instance(
        image=image, classifier_fn=predict, segmentation_fn=segmentation, num_samples=SAMPLES)
    overlay, mask = explanation.get_image_and_mask(
        label.item(), positive_only=False, hide_rest=False, num_features=11, min_weight=0.05)
    explanations.append(explanation)
    overlays.append(overlay)
rows((overlays, None))
"""

SALIENCY = """
def compute_saliency_maps(x, y, model):
    x = x.clone().requires_grad_()
    torch.nn.functional.cross_entropy(model(x), y).backward()
    found = x.grad.abs().max(1)[0]
    return torch.stack([normalize(item) for item in found])

saliencies = compute_saliency_maps(images, labels, model)
rows((photos, None), (saliencies, plt.cm.hot))
"""

SMOOTHGRAD = """
def smooth_grad(x, y, model, epoch, param_sigma_multiplier):
    std = (param_sigma_multiplier / (x.max() - x.min()).item()) ** 2
    smooth = 0
    for _ in range(epoch):
        noisy = (x + std * torch.randn_like(x)).unsqueeze(0).requires_grad_()
        torch.nn.functional.cross_entropy(model(noisy), y.unsqueeze(0)).backward()
        smooth = smooth + noisy.grad.abs().numpy()
    return normalize(smooth / epoch)

torch.manual_seed(0)
smooth = np.stack([smooth_grad(i, l, model, EPOCHS, 0.4) for i, l in zip(images, labels)])
rows((photos, None), (smooth[:, 0].transpose(0, 2, 3, 1), None))
"""

FILTERS = """
layer_activations = None

def filter_explanation(x, model, cnnid, filterid, iteration=100, lr=1):
    def hook(module, taken, given):
        global layer_activations
        layer_activations = given
    handle = model.cnn[cnnid].register_forward_hook(hook)
    model(x)
    filter_activations = layer_activations[:, filterid].detach()
    x = x.clone().requires_grad_()
    optimizer = torch.optim.Adam([x], lr=lr)
    for _ in range(iteration):
        optimizer.zero_grad()
        model(x)
        (-layer_activations[:, filterid].sum()).backward()
        optimizer.step()
    handle.remove()
    return filter_activations, x.detach()

filter_activations, filter_visualizations = filter_explanation(
    images, model, cnnid=15, filterid=0, iteration=ITERATIONS, lr=0.1)
shown = [normalize(one).permute(1, 2, 0).numpy() for one in filter_visualizations]
rows((photos, None), ([normalize(one) for one in filter_activations], None), (shown, None))
"""

INTEGRATED = """
class IntegratedGradients:
    def __init__(self, model):
        self.model = model.eval()

    def generate_integrated_gradients(self, image, target, steps):
        total = np.zeros(image.shape[1:])
        for step in range(steps):
            x = (image * step / steps).requires_grad_()
            self.model(x)[0, target].backward()
            total = total + x.grad[0].numpy() / steps
        return total

IG = IntegratedGradients(model)
integrated_grads = []
for i, img in enumerate(images):
    img = img.unsqueeze(0)
    integrated_grads.append(IG.generate_integrated_gradients(img, labels[i], 10))
pictured = [normalize(np.moveaxis(one, 0, -1)) for one in integrated_grads]
rows((photos, None), (pictured, None))
"""

BERT = """
import yaml
from transformers import AutoTokenizer, BertModel
about = yaml.safe_load((DEMO / "bert.yaml").read_text(encoding="utf-8"))
items = about["reading"]["items"]
questions, contexts = [one["question"] for one in items], [one["context"] for one in items]
answers = [one["answer"] for one in items]
sentences = [one["text"] for one in about["embeddings"]["sentences"]]
tokenizer = AutoTokenizer.from_pretrained(str(DEMO / "bert-base-chinese"))
model = BertModel.from_pretrained(str(DEMO / "bert-base-chinese"), output_hidden_states=True)
with torch.no_grad():
    outputs = [model(**tokenizer(one, return_tensors="pt")) for one in sentences]
"""

PLOTS = """
from sklearn.decomposition import PCA
states = torch.load(DEMO / "hw9_bert" / "output" / f"model{MODEL}_q{ITEM}")
points = [PCA(n_components=2, random_state=0).fit_transform(one[0]) for one in states[1:]]
for layer, places in enumerate(points, start=1):
    plt.figure(figsize=(12, 10))
    plt.title(f"Layer {layer}")
    for role, style, name in ((1, "ro-", "question"), (2, "go-", "context"), (3, "bd-", "answer")):
        plt.plot([], [], style, label=name)
        for (x, y), one, word in zip(places, ROLES, PIECES):
            if one == role:
                plt.plot(x, y, style)
                plt.annotate(word, (x + 0.1, y + 0.1), fontsize=12)
    plt.legend(loc="best")
    plt.show()
    plt.close()
"""

MATRICES = """
from sklearn.metrics.pairwise import cosine_similarity, euclidean_distances
places = [one["at"] + 1 for one in about["embeddings"]["sentences"]]
vectors = [one.hidden_states[12][0, at].numpy() for one, at in zip(outputs, places)]
matrices = [euclidean_distances(vectors), cosine_similarity(vectors)]
for matrix in matrices:
    plt.figure(figsize=(12, 10))
    plt.imshow(matrix)
    for i, j in np.ndindex(matrix.shape):
        plt.text(j, i, f"{matrix[i, j]:.2f}", ha="center", va="center")
    plt.colorbar()
    plt.show()
    plt.close()
"""

CNN_CELLS = (SETUP, LIME, SALIENCY, SMOOTHGRAD, FILTERS, INTEGRATED)
CALLS = ("", "get_image_and_mask(num_features=11)", "compute_saliency_maps(x, y, model)",
         "smooth_grad(i, l, model, 500, 0.4)",
         "filter_explanation(images, model, cnnid=15, filterid=0)",
         "IG.generate_integrated_gradients(img, labels[i], 10)")  # fmt: skip
"""Lines by which a reader knows a cell's settings."""


def run_cells(
    cells: tuple[str, ...],
    folder: Path,
    *,
    names: dict[str, Any] | None = None,
    dpi: float = 72,
    tight: bool = True,
    also: dict[tuple[float, bool], list[list[bytes]]] | None = None,
    **settings: Any,
) -> tuple[dict[str, Any], list[list[bytes]]]:
    """Run cells in `folder`, and return their variables and, by cell, the PNGs that they showed.

    Args:
        cells: their code.
        folder: the working folder meanwhile.
        names: variables to go on with.
        dpi: of the figures.
        tight: with `bbox_inches="tight"`, as an inline backend does.
        also: by dots an inch and tightness, gets the same figures saved so.
        settings: what the cells leave open: COUNT, SAMPLES, EPOCHS, ITERATIONS, DEMO; DRAWN, False
            where no figures are wanted.
    """
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    names = {"__name__": "notebook", "DRAWN": True, **(names or {}), **settings}
    shown: list[list[bytes]] = []
    ways = {(dpi, tight): shown, **(also or {})}

    def show(*_: Any, **__: Any) -> None:
        for (dots, box), pngs in ways.items():
            buffer = io.BytesIO()
            plt.gcf().savefig(buffer, format="png", dpi=dots, bbox_inches="tight" if box else None)
            pngs[-1].append(buffer.getvalue())

    before, kept = Path.cwd(), plt.show
    os.chdir(folder)
    plt.show = show
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            for cell in cells:
                for pngs in ways.values():
                    pngs.append([])
                exec(cell, names)
    finally:
        os.chdir(before)
        plt.show = kept
    return names, shown


def as_notebook(shown: list[list[bytes]], path: Path, calls: tuple[str, ...] = CALLS) -> Path:
    """Write what cells showed as an executed notebook; `calls` stands for their code."""
    cells = [
        {
            "cell_type": "code", "metadata": {}, "execution_count": number, "source": [call],
            "outputs": [
                {"output_type": "display_data", "metadata": {},
                 "data": {"image/png": base64.b64encode(png).decode()}} for png in pngs
            ],
        }
        for number, (pngs, call) in enumerate(zip(shown, calls, strict=True), 1)
    ]  # fmt: skip
    document = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}
    path.write_text(json.dumps(document), "utf-8")
    return path
