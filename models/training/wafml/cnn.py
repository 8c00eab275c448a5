"""The convolutional networks: the seed system's as the reference, and its cheaper successor."""

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
KERNEL_MAGIC = b"WAFCNN01"


class SeedCnn(nn.Module):
    """Embedding 128, convolution 64x3, max-pool, convolution 32x3, global pooling, dense 64, dropout, dense 32."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(VOCABULARY, 128, padding_idx=PAD)
        self.conv1, self.conv2 = nn.Conv1d(128, 64, 3, padding=1), nn.Conv1d(64, 32, 3, padding=1)
        self.dense1, self.drop, self.dense2 = nn.Linear(32, 64), nn.Dropout(0.3), nn.Linear(64, 32)
        self.logit, self.family = nn.Linear(32, 1), nn.Linear(32, len(FAMILIES))

    def forward(self, tokens):
        x = F.relu(self.conv1(self.embed(tokens).transpose(1, 2)))
        x = F.relu(self.conv2(F.max_pool1d(x, 2)))
        x = self.drop(F.relu(self.dense1(x.amax(2))))
        x = F.relu(self.dense2(x))
        return self.logit(x).squeeze(1), self.family(x)


class PayloadCnn(nn.Module):
    """Convolution 64x5 over a small embedding (folded on export), max-pool 4, two residual 64x3, max and mean, dense 64.

    The padded length is part of the input: padding has a zero embedding but takes part in pooling.
    """

    def __init__(self, embedding: int = 32, dropout: float = 0.2) -> None:
        super().__init__()
        self.embed = nn.Embedding(VOCABULARY, embedding, padding_idx=PAD)
        self.conv0 = nn.Conv1d(embedding, CHANNELS, TAPS, padding=TAPS // 2)
        self.conv1 = nn.Conv1d(CHANNELS, CHANNELS, 3, padding=1)
        self.conv2 = nn.Conv1d(CHANNELS, CHANNELS, 3, padding=2, dilation=2)
        self.dense = nn.Linear(2 * CHANNELS, 64)
        self.drop = nn.Dropout(dropout)
        self.logit, self.family = nn.Linear(64, 1), nn.Linear(64, len(FAMILIES))

    def forward(self, tokens):
        x = F.relu(self.conv0(self.embed(tokens).transpose(1, 2)))
        return self.tail(F.max_pool1d(x, POOL))

    def tail(self, x):
        x = x + F.relu(self.conv1(x))
        x = x + F.relu(self.conv2(x))
        pooled = torch.cat((x.amax(2), x.mean(2)), 1)
        x = self.drop(F.relu(self.dense(pooled)))
        return self.logit(x).squeeze(1), self.family(x)

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
    """Weights for the managed kernel (models/Features/PayloadCnn.cs): magic, six uint32, float32 arrays, little endian."""
    arrays = [model.tables().permute(1, 0, 2), model.conv0.bias]
    for conv in (model.conv1, model.conv2):
        arrays += [conv.weight.permute(2, 1, 0), conv.bias]
    for dense in (model.dense, model.logit, model.family):
        arrays += [dense.weight.t(), dense.bias]
    head = KERNEL_MAGIC + struct.pack("<6I", VOCABULARY, TAPS, CHANNELS, POOL, model.dense.out_features, len(FAMILIES))
    return head + b"".join(np.ascontiguousarray(a.detach().numpy(), dtype="<f4").tobytes() for a in arrays)


def from_kernel(data: bytes) -> PayloadCnn:
    """The network of a kernel file, to continue its training. The folded first layer has the rank of the embedding, so a singular value
    decomposition gives an embedding and a convolution of the same product."""
    if data[:8] != KERNEL_MAGIC or struct.unpack_from("<6I", data, 8) != (VOCABULARY, TAPS, CHANNELS, POOL, 64, len(FAMILIES)):
        raise ValueError("not a kernel file of this network")
    model = PayloadCnn()
    floats, at = np.frombuffer(data, "<f4", offset=32), 0

    def take(*shape: int) -> np.ndarray:
        nonlocal at
        size = int(np.prod(shape))
        at += size
        return floats[at - size:at].reshape(shape).copy()

    tables = take(VOCABULARY, TAPS, CHANNELS)
    with torch.no_grad():
        left, sizes, right = np.linalg.svd(tables.reshape(VOCABULARY, -1), full_matrices=False)
        rank = model.embed.embedding_dim
        root = np.sqrt(sizes[:rank])
        model.embed.weight.copy_(torch.from_numpy(left[:, :rank] * root))
        model.conv0.weight.copy_(torch.from_numpy((right[:rank].T * root).T.reshape(rank, TAPS, CHANNELS).transpose(2, 0, 1).copy()))
        model.conv0.bias.copy_(torch.from_numpy(take(CHANNELS)))
        for conv in (model.conv1, model.conv2):
            conv.weight.copy_(torch.from_numpy(take(3, CHANNELS, CHANNELS).transpose(2, 1, 0).copy()))
            conv.bias.copy_(torch.from_numpy(take(CHANNELS)))
        for dense in (model.dense, model.logit, model.family):
            dense.weight.copy_(torch.from_numpy(take(dense.in_features, dense.out_features).T.copy()))
            dense.bias.copy_(torch.from_numpy(take(dense.out_features)))
    return model
