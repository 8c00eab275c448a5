"""Transformers that read a request's tokens (sequences.py), and their ONNX form.

Written out of matrix products, so that every part can be exported: no `nn.Transformer`, no fused attention.
"""

import copy
import io
from dataclasses import asdict, dataclass

import onnx
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from .subwords import PAD
from .taxonomy import FAMILIES, TYPE_COUNT

OPSET = 15
DETECTORS = 3
MASKED = -1e4
OUTPUTS = ("logit", "uncertainty", "families", "types", "detectors")
PI_8 = 0.3926991  # of the logistic function's agreement with a normal distribution's


@dataclass(frozen=True)
class Shape:
    """The size of a transformer."""

    vocabulary: int = 8000
    layers: int = 2
    hidden: int = 128
    heads: int = 8
    length: int = 128
    dropout: float = 0.1
    checkpointing: bool = False  # layers are computed again for the gradient: less memory, a third more work


SHAPES = {
    "transformer-small": Shape(),
    "transformer": Shape(layers=8, hidden=512, heads=16, length=256),
    "distil": Shape(layers=6, hidden=768, heads=12, length=512),
}


class Attention(nn.Module):
    """Self-attention of several heads."""

    def __init__(self, hidden: int, heads: int) -> None:
        super().__init__()
        self.heads, self.width = heads, hidden // heads
        self.inward, self.outward = nn.Linear(hidden, 3 * hidden), nn.Linear(hidden, hidden)

    def forward(self, x, mask):
        batch, length, hidden = x.shape
        q, k, v = self.inward(x).reshape(batch, length, 3, self.heads, self.width).permute(2, 0, 3, 1, 4).unbind(0)
        weights = torch.softmax(torch.matmul(q * self.width**-0.5, k.transpose(2, 3)) + mask, dim=-1)
        return self.outward(torch.matmul(weights, v).transpose(1, 2).reshape(batch, length, hidden))


class Layer(nn.Module):
    """Attention and two dense layers, each normalised before and added to what came in."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.before_attention, self.before_dense = nn.LayerNorm(shape.hidden), nn.LayerNorm(shape.hidden)
        self.attention = Attention(shape.hidden, shape.heads)
        self.wide, self.narrow = nn.Linear(shape.hidden, 4 * shape.hidden), nn.Linear(4 * shape.hidden, shape.hidden)
        self.drop = nn.Dropout(shape.dropout)

    def forward(self, x, mask):
        x = x + self.drop(self.attention(self.before_attention(x), mask))
        return x + self.drop(self.narrow(F.relu(self.wide(self.before_dense(x)))))


def _scorer(hidden: int, dropout: float) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(hidden, hidden // 2),
        nn.LayerNorm(hidden // 2),
        nn.ReLU(),
        nn.Dropout(dropout),
        nn.Linear(hidden // 2, hidden // 4),
        nn.LayerNorm(hidden // 4),
        nn.ReLU(),
        nn.Linear(hidden // 4, 1),
    )


class RequestTransformer(nn.Module):
    """Tokens → logit that the request is an attack, uncertainty, families, types within them, and each detector's own
    logit.

    Three detectors look at the tokens with a query of their own each, and an attention over the three weighs what
    they say. The uncertainty is the width of the logit, as logits of a normal distribution: `logit` is divided by
    what that width is worth, so that it is the log-odds of an attack, and training widens it where the model errs.
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.embed = nn.Embedding(shape.vocabulary, shape.hidden, padding_idx=PAD)
        self.place = nn.Parameter(torch.zeros(1, shape.length, shape.hidden))
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.layers))
        self.normal, self.drop = nn.LayerNorm(shape.hidden), nn.Dropout(shape.dropout)
        self.queries = nn.Parameter(torch.randn(DETECTORS, shape.hidden) * shape.hidden**-0.5)
        self.detectors = nn.ModuleList(_scorer(shape.hidden, shape.dropout) for _ in range(DETECTORS))
        self.trust = nn.Linear(shape.hidden, 1)
        self.width = nn.Sequential(
            nn.Linear(shape.hidden, shape.hidden // 4), nn.ReLU(), nn.Linear(shape.hidden // 4, 1)
        )
        self.families = nn.Sequential(
            nn.Linear(shape.hidden, shape.hidden // 2), nn.ReLU(), nn.Linear(shape.hidden // 2, len(FAMILIES))
        )
        self.types = nn.Linear(shape.hidden, TYPE_COUNT)
        nn.init.normal_(self.embed.weight, std=shape.hidden**-0.5)
        nn.init.normal_(self.place, std=0.02)
        with torch.no_grad():
            self.embed.weight[PAD].zero_()

    def forward(self, tokens):
        blank = (tokens == PAD).to(self.place.dtype) * MASKED
        mask = blank.unsqueeze(1).unsqueeze(1)
        x = self.drop(self.embed(tokens) + self.place[:, : tokens.shape[1]])
        for layer in self.layers:
            x = checkpoint(layer, x, mask) if self.shape.checkpointing and self.training else layer(x, mask)
        x = self.normal(x)
        seen = torch.softmax(torch.matmul(x, self.queries.t()) + blank.unsqueeze(2), dim=1)
        views = torch.matmul(seen.transpose(1, 2), x)  # [batch, detectors, hidden]
        each = torch.cat([d(views[:, i]) for i, d in enumerate(self.detectors)], dim=1)
        trust = torch.softmax(self.trust(views).squeeze(2), dim=1)
        view = (views * trust.unsqueeze(2)).sum(1)
        uncertainty = F.softplus(self.width(view)).squeeze(1)
        logit = (each * trust).sum(1) / torch.sqrt(1 + PI_8 * uncertainty * uncertainty)
        return logit, uncertainty, self.families(view), self.types(view), each


class SmallTable(nn.Module):
    """The table of subwords with 8 bits a weight and one scale a column: a quarter of the bytes of what is most of a
    small network. Rows are looked up first and scaled then, so that it costs nothing.
    """

    def __init__(self, table: nn.Embedding) -> None:
        super().__init__()
        weights = table.weight.detach()
        scale = weights.abs().amax(dim=0).clamp(min=1e-12) / 127
        self.register_buffer("scale", scale)
        self.register_buffer("values", torch.round(weights / scale).to(torch.int8))

    def forward(self, tokens):
        return self.values[tokens].to(self.scale.dtype) * self.scale


def with_small_table(model: RequestTransformer) -> RequestTransformer:
    """A copy for packages, which differs from the model by what rounding its table costs."""
    small = copy.deepcopy(model).eval()
    small.embed = SmallTable(model.embed)
    return small


def to_onnx(model: RequestTransformer) -> bytes:
    """Input: tokens int64 [batch, length]; outputs: OUTPUTS, in their order."""
    out = io.BytesIO()
    training, model = model.training, model.eval()
    free = {0: "batch"}
    sample = torch.ones(2, min(16, model.shape.length), dtype=torch.int64)
    torch.onnx.export(
        model,
        (sample,),
        out,
        opset_version=OPSET,
        input_names=["tokens"],
        output_names=list(OUTPUTS),
        dynamic_axes={"tokens": {0: "batch", 1: "length"}, **{name: free for name in OUTPUTS}},
    )
    model.train(training)
    data = out.getvalue()
    onnx.checker.check_model(onnx.load_from_string(data))
    return data


def parameters(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


def describe(shape: Shape) -> dict:
    """For manifests and checkpoints."""
    return asdict(shape)
