"""The convolutional network."""

import struct

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from .features import PAD, VOCABULARY

FAMILIES = ("sqli", "xss", "cmdi", "path-traversal", "xxe", "ssti", "nosqli", "ldapi", "ssrf", "log4shell", "shellshock", "java",
            "php", "rfi", "crlf", "other")
CHANNELS = 64
TAPS = 5
POOL = 4
DILATION = 3  # of the second convolution
HIDDEN = 64
EMBEDDING = 16
REACH_BYTES = TAPS - 1 + POOL * (1 + 2 * (1 + DILATION))  # what a position's logit depends on
KERNEL_MAGIC = b"WAFCNN02"


class PayloadCnn(nn.Module):
    """Convolution 64x5 over a small embedding (folded on export), max-pool 4, two residual 64x3, and a dense layer at every position.

    Each position gives a logit out of the REACH_BYTES around it; the highest counts (multiple instances: a text is an attack if some place of it
    is). What stands farther away cannot outvote it. The families are those of the position that counts.
    """

    def __init__(self, embedding: int = EMBEDDING, dropout: float = 0.2) -> None:
        super().__init__()
        self.embed = nn.Embedding(VOCABULARY, embedding, padding_idx=PAD)
        self.conv0 = nn.Conv1d(embedding, CHANNELS, TAPS, padding=TAPS // 2)
        self.conv1 = nn.Conv1d(CHANNELS, CHANNELS, 3, padding=1)
        self.conv2 = nn.Conv1d(CHANNELS, CHANNELS, 3, padding=DILATION, dilation=DILATION)
        self.dense = nn.Conv1d(CHANNELS, HIDDEN, 1)
        self.drop = nn.Dropout(dropout)
        self.logit, self.family = nn.Linear(HIDDEN, 1), nn.Linear(HIDDEN, len(FAMILIES))

    def forward(self, tokens):
        x = F.relu(self.conv0(self.embed(tokens).transpose(1, 2)))
        return self.tail(F.max_pool1d(x, POOL))

    def tail(self, x):
        x = x + F.relu(self.conv1(x))
        x = x + F.relu(self.conv2(x))
        hidden = self.drop(F.relu(self.dense(x))).transpose(1, 2)
        logits = self.logit(hidden).squeeze(2)
        worst = logits.argmax(1, keepdim=True)
        at_worst = torch.gather(hidden, 1, worst.unsqueeze(2).expand(-1, -1, HIDDEN)).squeeze(1)
        return logits.amax(1), self.family(at_worst)

    def tables(self) -> torch.Tensor:
        """The folded first layer: tables[k][token] is what a token adds to the output two minus k positions on."""
        return torch.einsum("ve,oek->kvo", self.embed.weight, self.conv0.weight).detach()


class FoldedCnn(nn.Module):
    """PayloadCnn with embedding and first convolution folded into table look-ups; exact."""

    def __init__(self, model: PayloadCnn) -> None:
        super().__init__()
        tables = model.tables()
        self.tables = nn.ParameterList([nn.Parameter(tables[k].contiguous()) for k in range(TAPS)])
        self.bias = nn.Parameter(model.conv0.bias.detach())
        self.model = model

    def forward(self, tokens):
        reach = TAPS // 2
        padded = F.pad(tokens, (reach, reach), value=PAD)
        length = tokens.shape[1]
        x = self.bias + sum(F.embedding(padded[:, k:k + length], self.tables[k]) for k in range(TAPS))
        return self.model.tail(F.max_pool1d(F.relu(x).transpose(1, 2), POOL))


def kernel_bytes(model: PayloadCnn) -> bytes:
    """Weights for the managed kernel (models/Features/PayloadCnn.cs): magic, seven uint32, float32 arrays, little endian."""
    arrays = [model.tables().permute(1, 0, 2), model.conv0.bias]
    for conv in (model.conv1, model.conv2):
        arrays += [conv.weight.permute(2, 1, 0), conv.bias]
    arrays += [model.dense.weight.squeeze(2).t(), model.dense.bias]
    for dense in (model.logit, model.family):
        arrays += [dense.weight.t(), dense.bias]
    head = KERNEL_MAGIC + struct.pack("<7I", VOCABULARY, TAPS, CHANNELS, POOL, HIDDEN, len(FAMILIES), DILATION)
    return head + b"".join(np.ascontiguousarray(a.detach().numpy(), dtype="<f4").tobytes() for a in arrays)


def from_kernel(data: bytes) -> PayloadCnn:
    """The network of a kernel file, to continue its training. The folded first layer has the rank of the embedding, so a singular value
    decomposition gives an embedding and a convolution of the same product."""
    if data[:8] != KERNEL_MAGIC or struct.unpack_from("<7I", data, 8) != (VOCABULARY, TAPS, CHANNELS, POOL, HIDDEN, len(FAMILIES), DILATION):
        raise ValueError("not a kernel file of this network")
    model = PayloadCnn()
    floats, at = np.frombuffer(data, "<f4", offset=8 + 7 * 4), 0

    def take(*shape: int) -> torch.Tensor:
        nonlocal at
        size = int(np.prod(shape))
        at += size
        return torch.from_numpy(floats[at - size:at].reshape(shape).copy())

    with torch.no_grad():
        left, sizes, right = np.linalg.svd(take(VOCABULARY, TAPS * CHANNELS).numpy(), full_matrices=False)
        rank = model.embed.embedding_dim
        root = np.sqrt(sizes[:rank])
        model.embed.weight.copy_(torch.from_numpy(left[:, :rank] * root))
        model.conv0.weight.copy_(torch.from_numpy((right[:rank].T * root).T.reshape(rank, TAPS, CHANNELS).transpose(2, 0, 1).copy()))
        model.conv0.bias.copy_(take(CHANNELS))
        for conv in (model.conv1, model.conv2):
            conv.weight.copy_(take(3, CHANNELS, CHANNELS).permute(2, 1, 0))
            conv.bias.copy_(take(CHANNELS))
        model.dense.weight.copy_(take(CHANNELS, HIDDEN).t().unsqueeze(2))
        model.dense.bias.copy_(take(HIDDEN))
        for dense in (model.logit, model.family):
            dense.weight.copy_(take(dense.in_features, dense.out_features).t())
            dense.bias.copy_(take(dense.out_features))
    return model
