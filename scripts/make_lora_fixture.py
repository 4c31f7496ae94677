"""Writes tests/fixtures/lora and tests/fixtures/dora: an adapter in PEFT's layout on the fixtures' spliced model, and what PyTorch
computes with it.

Run by hand among the peers (torch and transformers; PEFT is not needed), from the root of the checkout:
python3 scripts/make_lora_fixture.py [FIXTURES]

Each adapted layer of lora computes what PEFT's lora.Linear computes: base(x) + lora_B(lora_A(x)) * alpha / r, and of dora what its
tuners/lora/dora.py makes of that (DoraLinearLayer: the norm of the summed weight's rows is detached). Names of files, keys and
configuration are those of PEFT's save_pretrained. Input is the case forward/two-images-vision.

adapter/                adapter_config.json and adapter_model.safetensors, lora_B not zero and with dora magnitudes off the norms by a tenth;
                        the connector as modules_to_save
golden.safetensors      logits and loss; grad.KEY for every trained tensor; step.loss (3) and trained.KEY after three updates of
                        torch.optim.AdamW: rates 1e-2 (text), 2e-2 (connector), 5e-3 (tower) under a linear schedule of three steps,
                        weight_decay 0.1, eps 1e-3, gradients clipped to 1.0; merged.NAME of three weights with their adapters merged
"""
import json
import math
import os
import sys

import torch
from safetensors.torch import load_file, save_file
from transformers import SmolVLMForConditionalGeneration

FIXTURES = sys.argv[1] if len(sys.argv) > 1 else "tests/fixtures"
RANK, ALPHA, STEPS = 4, 6, 3
CONNECTOR = "model.connector.modality_projection.proj"
PREFIX = "base_model.model."
torch.set_num_threads(2)


class Lora(torch.nn.Module):
    def __init__(self, base):
        super().__init__()
        self.base_layer = base
        self.lora_A = torch.nn.Linear(base.in_features, RANK, bias=False)
        self.lora_B = torch.nn.Linear(RANK, base.out_features, bias=False)
        torch.nn.init.kaiming_uniform_(self.lora_A.weight, a=math.sqrt(5))
        torch.nn.init.normal_(self.lora_B.weight, std=0.05)

    def forward(self, x):
        return self.base_layer(x) + self.lora_B(self.lora_A(x)) * (ALPHA / RANK)

    def merged(self):
        return self.base_layer.weight + self.lora_B.weight @ self.lora_A.weight * (ALPHA / RANK)


class Dora(Lora):
    def __init__(self, base):
        super().__init__(base)
        self.lora_magnitude_vector = torch.nn.Parameter(self.norm() * (1 + 0.1 * torch.randn(base.out_features)))

    def norm(self):
        return torch.linalg.norm(super().merged(), dim=1).detach()

    def forward(self, x):
        result = self.base_layer(x)
        base_result = result if self.base_layer.bias is None else result - self.base_layer.bias
        scale = (self.lora_magnitude_vector / self.norm()).view(1, -1)
        return result + (scale - 1) * base_result + scale * self.lora_B(self.lora_A(x)) * (ALPHA / RANK)

    def merged(self):
        return (self.lora_magnitude_vector / self.norm()).view(-1, 1) * super().merged()


for folder, layer in (("lora", Lora), ("dora", Dora)):
    out = os.path.join(FIXTURES, folder)
    torch.manual_seed(7)
    model = SmolVLMForConditionalGeneration.from_pretrained(os.path.join(FIXTURES, "spliced"), dtype=torch.float32, attn_implementation="eager").train()
    model.requires_grad_(False)
    linear = [name for name, module in model.named_modules()
              if isinstance(module, torch.nn.Linear) and ("text_model.layers." in name or "vision_model.encoder.layers." in name)]
    for name in linear:
        parent, child = name.rsplit(".", 1)
        setattr(model.get_submodule(parent), child, layer(model.get_submodule(name)))
    model.get_submodule(CONNECTOR).requires_grad_(True)
    trained = {PREFIX + name: p for name, p in model.named_parameters() if p.requires_grad}
    assert len(trained) == (3 if layer is Dora else 2) * len(linear) + 1

    os.makedirs(os.path.join(out, "adapter"), exist_ok=True)
    save_file({name: p.detach().clone() for name, p in trained.items()}, os.path.join(out, "adapter", "adapter_model.safetensors"), metadata={"format": "pt"})
    config = dict(alpha_pattern={}, auto_mapping=None, base_model_name_or_path="../../spliced", bias="none", fan_in_fan_out=False, inference_mode=True,
                  init_lora_weights=True, layers_pattern=None, layers_to_transform=None, lora_alpha=ALPHA, lora_dropout=0.0,
                  modules_to_save=[CONNECTOR], peft_type="LORA", r=RANK, rank_pattern={}, revision=None, target_modules=linear, task_type=None,
                  use_dora=layer is Dora, use_rslora=False)
    with open(os.path.join(out, "adapter", "adapter_config.json"), "w", encoding="utf8") as f:
        json.dump(config, f, indent=2, sort_keys=True)

    case = load_file(os.path.join(FIXTURES, "forward", "two-images-vision.safetensors"))
    tiles = case["pixel_values"]
    inputs = dict(input_ids=case["input_ids"], attention_mask=case["attention_mask"], labels=case["labels"], pixel_values=tiles,
                  pixel_attention_mask=torch.ones(tiles.shape[:2] + tiles.shape[3:], dtype=torch.long))
    golden = {}
    for name in (linear[0], linear[-1], "model.text_model.layers.1.mlp.gate_proj"):
        golden[f"merged.{name}.weight"] = model.get_submodule(name).merged()

    rates = {"text_model": 1e-2, "connector": 2e-2, "vision_model": 5e-3}
    optimizer = torch.optim.AdamW([dict(params=[p for name, p in trained.items() if part in name], lr=rate) for part, rate in rates.items()],
                                  eps=1e-3, weight_decay=0.1)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: (STEPS - step) / STEPS)
    losses = []
    for step in range(STEPS):
        optimizer.zero_grad()
        result = model(**inputs)
        result.loss.backward()
        losses.append(result.loss.detach())
        if step == 0:
            golden["logits"], golden["loss"] = result.logits, result.loss.reshape(1)
            golden |= {"grad." + name: p.grad.clone() for name, p in trained.items()}
        torch.nn.utils.clip_grad_norm_(trained.values(), 1.0)
        optimizer.step()
        schedule.step()
    golden["step.loss"] = torch.stack(losses)
    golden |= {"trained." + name: p for name, p in trained.items()}
    save_file({name: t.detach().contiguous().clone() for name, t in golden.items()}, os.path.join(out, "golden.safetensors"))
    print(f"{folder}: {len(linear)} adapted layers, losses {[f'{x:.5f}' for x in losses]}, {sum(t.numel() for t in trained.values())} trained elements")
