"""Layers whose weights are whole numbers of eight bits, with one scale a row.

A linear layer rounds its input as well, one scale a token, and multiplies whole numbers. A token's
result does not depend on its neighbours in the batch, and on a processor with int8 instructions it
is four times as fast as floats.
"""

from __future__ import annotations

import copy
from typing import TypeVar

import torch
from torch import Tensor, nn

__all__ = ["Int8Embedding", "Int8Linear", "dequantized", "quantize_rows"]

_LARGEST = 127.0
_TINY = 1e-8

Module = TypeVar("Module", bound=nn.Module)


def quantize_rows(weight: Tensor) -> tuple[Tensor, Tensor]:
    """Each row as int8 and the float that it is to be multiplied by.

    >>> whole, scale = quantize_rows(torch.tensor([[1.0, -0.5], [0.0, 254.0]]))
    >>> whole.tolist(), [round(value, 4) for value in scale.tolist()]
    ([[127, -64], [0, 127]], [0.0079, 2.0])
    """
    scale = weight.abs().amax(dim=1).clamp_min(_TINY) / _LARGEST
    return (weight / scale[:, None]).round().to(torch.int8), scale


class Int8Linear(nn.Module):
    """``x @ weight.T + bias`` on whole numbers."""

    weight: Tensor
    scale: Tensor
    bias: Tensor

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.register_buffer("weight", torch.zeros(outputs, inputs, dtype=torch.int8))
        self.register_buffer("scale", torch.ones(outputs))
        self.register_buffer("bias", torch.zeros(outputs))

    def set_from(self, weight: Tensor, bias: Tensor) -> None:
        """Take over a float layer's weights."""
        whole, scale = quantize_rows(weight.float())
        self.weight, self.scale, self.bias = whole, scale, bias.float()

    def floats(self) -> nn.Linear:
        """The float layer that multiplies by the same weights and does not round its input."""
        layer = nn.Linear(self.weight.shape[1], self.weight.shape[0])
        layer.weight.data = self.weight * self.scale[:, None]
        layer.bias.data = self.bias.clone()
        return layer.requires_grad_(False)

    def forward(self, rows: Tensor) -> Tensor:
        """Rows of tokens in, rows of tokens out."""
        largest = torch.maximum(rows.amax(dim=1, keepdim=True), -rows.amin(dim=1, keepdim=True))
        steps = largest.clamp_min_(_TINY).div_(_LARGEST)
        whole = (rows * steps.reciprocal()).round_().to(torch.int8)
        products = torch._int_mm(whole, self.weight.t()).to(steps.dtype).mul_(steps)
        return torch.addcmul(self.bias, products, self.scale)


class Int8Embedding(nn.Module):
    """A table of vectors; only the rows that are looked up become floats."""

    weight: Tensor
    scale: Tensor

    def __init__(self, rows: int, size: int) -> None:
        super().__init__()
        self.register_buffer("weight", torch.zeros(rows, size, dtype=torch.int8))
        self.register_buffer("scale", torch.ones(rows))

    def set_from(self, weight: Tensor) -> None:
        """Take over a float table."""
        self.weight, self.scale = quantize_rows(weight.float())

    def floats(self) -> nn.Embedding:
        """The float table of the same vectors."""
        table = nn.Embedding(*self.weight.shape)
        table.weight.data = self.weight * self.scale[:, None]
        return table.requires_grad_(False)

    def forward(self, ids: Tensor) -> Tensor:
        """The vectors of ``ids``."""
        return self.weight[ids].to(self.scale.dtype) * self.scale[ids].unsqueeze(-1)


def dequantized(network: Module) -> Module:
    """A copy with float layers, for processors without int8 instructions and to compare with."""
    plain = copy.deepcopy(network)
    for module in list(plain.modules()):
        for name, part in module.named_children():
            if isinstance(part, Int8Linear | Int8Embedding):
                setattr(module, name, part.floats())
    return plain
