"""Divergences of next-token distributions by PyTorch, for TokenDivergenceTests: make.py, in this folder"""
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

torch.manual_seed(0)
a = torch.randn(3, 1100) * torch.tensor([[0.5], [4.0], [12.0]])
b = a + torch.randn(3, 1100) * torch.tensor([[0.01], [0.3], [2.0]])
p, q = F.log_softmax(a.double(), -1), F.log_softmax(b.double(), -1)
kl = F.kl_div(q, p, reduction="none", log_target=True).sum(-1)
save_file({"expected": a, "actual": b, "kl": kl.float(), "same": (p.argmax(-1) == q.argmax(-1)).to(torch.uint8)}, "divergence.safetensors")
print(kl, (p.argmax(-1) == q.argmax(-1)))
