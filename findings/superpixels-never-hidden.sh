#!/usr/bin/env bash
# lime: of SimpleITK's superpixels 31 in 145 are never hidden; 31 that are not there have weights.
#
# Believed: any function that labels superpixels will do for `segmentation_fn`; SLIC numbers them
#   without gaps, as scikit-image's and OpenCV's do; and if not, lime raises.
# Versions: lime 0.2.0.1, SimpleITK 2.5.7, scikit-image 0.26.0.
# Seen: SimpleITK's SLIC leaves out the numbers of superpixels that lost all their pixels: 145
#   labels from 0 to 175. lime counts the labels and takes them to be 0 to 144: an eighth of the
#   picture is shown in every sample, 31 missing superpixels are switched on and off and have
#   weights, and of the eleven largest two are nowhere on the picture. A network that looks at one
#   superpixel alone is explained by a weight of 1e-31 elsewhere. Numbered again without gaps, that
#   one gets .46.
# Matters: the explanation looks like any other. Call `relabel_sequential` on superpixels first.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --no-compile lime==0.2.0.1 simpleitk==2.5.7 \
  scikit-image==0.26.0 numpy==2.4.6
cd "$dir"
"$dir/venv/bin/python" -W ignore - 2>"$dir/progress" <<'PY'
import numpy as np
import SimpleITK
from lime.lime_image import LimeImageExplainer
from skimage import data, transform
from skimage.segmentation import relabel_sequential

picture = transform.resize(data.astronaut(), (128, 128))
slic = SimpleITK.SLICImageFilter()
slic.SetSuperGridSize([10, 10])
bytes_ = (picture * 255).astype(np.uint8)
found = SimpleITK.GetArrayFromImage(
    slic.Execute(SimpleITK.GetImageFromArray(bytes_, isVector=True))).astype(int)
weight_of_it, shown_of_it = {}, {}
for how, segments in (("as found", found), ("without gaps", relabel_sequential(found + 1)[0] - 1)):
    labels = np.unique(segments)
    looked_at = segments == labels[-1]
    samples = []

    def network(pictures):
        samples.append(np.array(pictures))
        bright = samples[-1][:, looked_at].mean((1, 2))
        return np.stack([1 - bright, bright], 1)

    explanation = LimeImageExplainer(random_state=0).explain_instance(
        picture, network, labels=(1,), top_labels=None, hide_color=0, num_samples=300,
        segmentation_fn=lambda _: segments, random_seed=0)
    hidden = (np.concatenate(samples) == 0).all(-1)
    never = [one for one in labels if not hidden[:, segments == one].all(1).any()]
    weights = dict(explanation.local_exp[1])
    absent = set(weights) - set(labels.tolist())
    _, drawn = explanation.get_image_and_mask(1, positive_only=False, num_features=11)
    eleven = np.unique(segments[drawn != 0])
    largest = max(weights.values(), key=abs)
    print(f"{how}: {len(labels)} labels up to {labels[-1]}; never hidden {len(never)}, on"
          f" {np.isin(segments, never).mean():.3f} of the picture; weights of none {len(absent)};"
          f" eleven are {len(eleven)}; largest weight {largest:.2g},"
          f" of the one looked at {weights.get(labels[-1])}")
    if how == "as found":
        assert (len(labels), labels[-1]) == (145, 175)
        assert len(never) == len(absent) == 31 and len(eleven) < 11
        assert labels[-1] not in weights and abs(largest) < 1e-20
    else:
        assert not never and not absent and len(eleven) == 11
        assert largest == weights[labels[-1]] > 0.4
PY
