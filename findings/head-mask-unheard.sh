#!/usr/bin/env bash
# `head_mask` is taken and not heard: with every head switched off a BERT answers as before.
#
# Believed: `model(ids, head_mask=zeros)` switches the heads off, as it did for six years; or, now
#   that it is gone, raises like every unknown argument of a Python function.
# Versions: transformers 5.24.0 beside 4.49.0, torch 2.13.0.
# Seen: of the same weights 4.49 moves the states by .3 and more with all heads off. 5.24 gives the
#   same bits as without the mask, for BERT, RoBERTa, ELECTRA, DistilBERT, GPT-2 and ViT, without
#   a word; the mask's gradient, by which heads are ranked, does not exist. So does any name at
#   all: `output_attention=True` (an "s" short), `layer_mask`.
# Matters: "which head resolves coreference?" is asked by switching heads off one at a time. The
#   old script still runs and finds that no head of any layer matters.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for version in 4.49.0 5.24.0; do
  python3 -m venv "$dir/$version"
  "$dir/$version/bin/pip" install --quiet --no-compile torch==2.13.0 "transformers==$version" \
    numpy==2.2.6
done
cd "$dir"
cat >heads.py <<'PY'
import sys
import torch
import transformers as t

wide = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 4,
        "intermediate_size": 32}
models = {
    "BERT": t.BertModel(t.BertConfig(vocab_size=50, **wide)),
    "RoBERTa": t.RobertaModel(t.RobertaConfig(vocab_size=50, **wide)),
    "ELECTRA": t.ElectraModel(t.ElectraConfig(vocab_size=50, embedding_size=16, **wide)),
    "DistilBERT": t.DistilBertModel(
        t.DistilBertConfig(vocab_size=50, dim=16, n_layers=2, n_heads=4, hidden_dim=32)),
    "GPT-2": t.GPT2Model(t.GPT2Config(vocab_size=50, n_embd=16, n_layer=2, n_head=4,
                                      bos_token_id=0, eos_token_id=0)),
    "ViT": t.ViTModel(t.ViTConfig(image_size=32, patch_size=16, **wide)),
}
moved = {}
for name, model in models.items():
    torch.manual_seed(0)
    with torch.no_grad():
        for weight in model.parameters():
            weight.copy_(torch.randn_like(weight) * 0.3)
    model.eval()
    given = torch.rand(1, 3, 32, 32) if name == "ViT" else torch.arange(5, 11)[None]
    mask = torch.zeros(2, 4, requires_grad=True)
    plain, off = model(given)[0], model(given, head_mask=mask)[0]
    off.sum().backward()
    moved[name] = float((plain - off).abs().max().detach()), mask.grad is not None
    print(f"transformers {t.__version__} {name:10} moved by {moved[name][0]:.4f};",
          "the mask has a gradient" if moved[name][1] else "the mask has no gradient")
if sys.argv[1] == "4.49.0":
    assert all(far > 0.05 and gradient for far, gradient in moved.values())
else:
    assert all(far == 0 and not gradient for far, gradient in moved.values())
    result = models["BERT"](torch.arange(5, 11)[None], output_attention=True, layer_mask=0)
    print("asked with output_attention=True and layer_mask=0 there come", list(result))
    assert "attentions" not in result
PY
for version in 4.49.0 5.24.0; do
  HF_HUB_OFFLINE=1 TRANSFORMERS_VERBOSITY=error \
    "$dir/$version/bin/python" -W ignore heads.py "$version"
done
