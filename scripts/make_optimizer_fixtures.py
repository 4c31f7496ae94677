"""Writes tests/fixtures/optimizers: python3 scripts/make_optimizer_fixtures.py tests/fixtures/optimizers

Run among the peers (torch 2.14). Each file holds a parameter and its gradients, and what three updates make of them:
`start` and `gradients` (steps, rows, columns), `after` (steps, rows, columns), and the states behind the last update.
lion.safetensors: algorithm 2 of Chen et al. 2023 in float64.
muon-wide, muon-tall: torch.optim.Muon's own update (match_rms_adamw) with its bfloat16 products replaced by float64 ones
(`after`), and torch.optim.Muon as it is (`torch`).
adamw-8bit.safetensors: torch.optim.AdamW's update on states that are rounded to bitsandbytes' dynamic maps, blocks of 256, float32.
loss.safetensors: torch's cross_entropy with label_smoothing, and with z_loss_multiplier times logsumexp squared, and gradients of their sum.
"""
import sys

import torch
from safetensors.torch import save_file

OUT = sys.argv[1]
LR, BETAS, EPS, DECAY, STEPS = 1e-2, (0.9, 0.99), 1e-8, 0.1, 3


def start(rows, columns, seed):
    g = torch.Generator().manual_seed(seed)
    gradients = torch.randn(STEPS, rows, columns, generator=g) * torch.logspace(-4, 0, columns)   # columns of very different size
    return torch.randn(rows, columns, generator=g) * 0.1, gradients


def lion():
    p0, gradients = start(33, 40, 1)
    p, m, after = p0.double(), torch.zeros(33, 40).double(), []
    for g in gradients.double():
        direction = torch.sign(BETAS[0] * m + (1 - BETAS[0]) * g)
        p = p - LR * (direction + DECAY * p)
        m = BETAS[1] * m + (1 - BETAS[1]) * g
        after.append(p.float())
    save_file({"start": p0, "gradients": gradients, "after": torch.stack(after), "exp_avg": m.float()}, f"{OUT}/lion.safetensors")


def newton_schulz(g):
    a, b, c = 3.4445, -4.7750, 2.0315
    x = g / g.norm().clamp(min=1e-7)
    x = x.T if g.size(0) > g.size(1) else x
    for _ in range(5):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.T if g.size(0) > g.size(1) else x


def muon(name, rows, columns):
    p0, gradients = start(rows, columns, 2)
    p, m, after, own = p0.double(), torch.zeros(rows, columns).double(), [], []
    q = torch.nn.Parameter(p0.clone())
    optimizer = torch.optim.Muon([q], lr=LR, weight_decay=DECAY, momentum=0.95, nesterov=True, adjust_lr_fn="match_rms_adamw")
    for g in gradients:
        m.lerp_(g.double(), 1 - 0.95)
        update = newton_schulz(g.double().lerp(m, 0.95))
        p = p * (1 - LR * DECAY) - LR * 0.2 * max(rows, columns) ** 0.5 * update
        after.append(p.float())
        q.grad = g.clone()
        optimizer.step()
        own.append(q.detach().clone())
    save_file({"start": p0, "gradients": gradients, "after": torch.stack(after), "torch": torch.stack(own), "momentum_buffer": m.float()}, f"{OUT}/{name}.safetensors")


def dynamic_map(signed):
    """The values that bitsandbytes' documentation describes: for the exponents 1e-6 to 1, 2^i (unsigned: 2^(i+1)) middles of equal parts of 0.1 to 1, and 0 and 1."""
    values = [0.0, 1.0]
    for i in range(7):
        ends = torch.linspace(0.1, 1, 2 ** (i if signed else i + 1) + 1)
        middles = (10 ** (i - 6) * ((ends[:-1] + ends[1:]) / 2)).tolist()
        values += middles + ([-v for v in middles] if signed else [])
    assert len(values) == 256
    return torch.tensor(sorted(values))


def quantize(x, table):
    blocks = torch.nn.functional.pad(x.flatten(), (0, -x.numel() % 256)).view(-1, 256)
    scale = blocks.abs().amax(1, keepdim=True)
    normed = torch.where(scale > 0, blocks / scale, torch.zeros(()))
    borders = (table[:-1] + table[1:]) / 2
    codes = torch.where(scale > 0, torch.searchsorted(borders, normed), torch.zeros((), dtype=torch.long))
    return codes.flatten()[: x.numel()].view_as(x).to(torch.uint8), scale.flatten()


def widen(codes, scale, table):
    return table[codes.long()] * scale.repeat_interleave(256)[: codes.numel()].view_as(codes)


def adamw_8bit():
    p0, gradients = start(33, 130, 3)
    signed, unsigned = dynamic_map(True), dynamic_map(False)
    p, after = p0.clone(), []
    states = quantize(torch.zeros_like(p), signed), quantize(torch.zeros_like(p), unsigned)
    for t, g in enumerate(gradients, 1):
        m, v = widen(*states[0], signed), widen(*states[1], unsigned)
        p = p * (1 - LR * DECAY)
        m = m + (g - m) * (1 - BETAS[0])
        v = v * BETAS[1] + (1 - BETAS[1]) * g * g
        p = p - LR / (1 - BETAS[0] ** t) * (m / (v.sqrt() / (1 - BETAS[1] ** t) ** 0.5 + EPS))
        states = quantize(m, signed), quantize(v, unsigned)
        after.append(p.clone())
    save_file({
        "start": p0, "gradients": gradients, "after": torch.stack(after), "signed": signed, "unsigned": unsigned,
        "state1": states[0][0], "absmax1": states[0][1], "state2": states[1][0], "absmax2": states[1][1],
    }, f"{OUT}/adamw-8bit.safetensors")


def loss():
    g = torch.Generator().manual_seed(4)
    logits = (torch.randn(7, 50, generator=g) * 3 + 2).double().requires_grad_()
    targets = torch.randint(0, 50, (7,), generator=g)
    tensors = {"logits": logits.detach().float(), "targets": targets.int()}
    for name, smoothing, z in [("plain", 0, 0), ("smoothed", 0.1, 0), ("z", 0, 1e-2), ("both", 0.2, 3e-2)]:
        logits.grad = None
        losses = torch.nn.functional.cross_entropy(logits, targets, reduction="none", label_smoothing=smoothing) + z * logits.logsumexp(1) ** 2
        losses.sum().backward()
        tensors[f"{name}.losses"], tensors[f"{name}.gradient"] = losses.detach().float(), logits.grad.float()
        tensors[f"{name}.terms"] = torch.tensor([smoothing, z], dtype=torch.float32)
    save_file(tensors, f"{OUT}/loss.safetensors")


lion()
muon("muon-wide", 24, 40)
muon("muon-tall", 40, 24)
adamw_8bit()
loss()
