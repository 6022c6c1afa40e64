#!/usr/bin/env bash
# One map logged in W&B, TensorBoard, tensorboardX and MLflow: four pictures, of other orders.
#
# Believed: a float map is a picture of 0 to 1, and each tracker turns it into grey levels alike,
#   cutting off or refusing what lies beyond; tensorboardX writes what torch's SummaryWriter writes.
# Versions: wandb 0.31.0, torch 2.13.0, tensorboard 2.21.0, tensorboardX 2.6.5, mlflow-skinny 3.17.2.
# Seen: a map from -1 to 2. torch's TensorBoard cuts off. tensorboardX begins again at every whole
#   number: -.25 is brighter than .75, 1.25 as dark as .25. MLflow stretches the map from its least
#   to its most; one from 0 to 1 it leaves, so that of two maps the stronger may look the weaker.
#   wandb takes levels of 0 to 255 as they are: a map of 0 to 1 is black, and -1 is white.
#   None of them warns.
# Matters: explanations are compared in such pages, and signed ones are the rule there. Make the
#   picture yourself, and log bytes.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --no-compile torch==2.13.0 tensorboard==2.21.0 \
  tensorboardX==2.6.5 wandb==0.31.0 mlflow-skinny==3.17.2 pillow==13.0.0 numpy==2.4.6
cd "$dir"
WANDB_MODE=offline WANDB_SILENT=true MLFLOW_ALLOW_FILE_STORE=true \
  "$dir/venv/bin/python" -W ignore - 2>"$dir/messages" <<'PY'
import io
from pathlib import Path

import mlflow
import numpy as np
import tensorboardX.summary
import torch.utils.tensorboard.summary
import wandb
from PIL import Image


def first_row(picture):
    return np.asarray(picture.convert("L"))[0].tolist()


def in_tensorboard(values):
    made = torch.utils.tensorboard.summary.image("map", values[None], dataformats="CHW")
    return Image.open(io.BytesIO(made.value[0].image.encoded_image_string))


def in_tensorboard_x(values):
    made = tensorboardX.summary.image("map", values[None], dataformats="CHW")
    return Image.open(io.BytesIO(made.value[0].image.encoded_image_string))


def in_wandb(values):
    return wandb.Image(values).image


def in_mlflow(values):
    mlflow.set_tracking_uri(Path("runs").resolve().as_uri())
    with mlflow.start_run():
        mlflow.log_image(values, "map.png")
        return Image.open(mlflow.get_artifact_uri("map.png").removeprefix("file://"))


signed = np.tile(np.linspace(-1, 2, 13, dtype=np.float32), (3, 1))  # steps of .25
seen = {}
for name, values in (("signed", signed), ("0 to 1", signed.clip(0, 1)), ("0 to 2", signed.clip(0))):
    print(f"{name}: {values[0].tolist()}")
    for tracker in (in_tensorboard, in_tensorboard_x, in_mlflow, in_wandb):
        seen[name, tracker.__name__] = levels = first_row(tracker(values))
        print(f"  {tracker.__name__}: {levels}")

at = {value: place for place, value in enumerate(signed[0].tolist())}
cut, again, stretched, cast = (
    seen["signed", name] for name in ("in_tensorboard", "in_tensorboard_x", "in_mlflow", "in_wandb"))
assert cut[: at[0] + 1] == [0] * 5 and cut[at[1] :] == [255] * 5
assert again[at[-0.25]] > again[at[0.75]] and abs(again[at[1.25]] - again[at[0.25]]) <= 1
assert stretched[0] == 0 and stretched[-1] == 255 and stretched[at[0]] == 85
assert cast[at[-1]] == 255 and max(cast[1:]) == 2 and max(seen["0 to 1", "in_wandb"]) == 1
one, two = seen["0 to 1", "in_mlflow"], seen["0 to 2", "in_mlflow"]
assert one[at[0.5]] == 127 and two[at[0.5]] == 63  # the same value, in the stronger map darker
PY
