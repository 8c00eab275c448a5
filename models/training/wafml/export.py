"""ONNX files of the network, embedding folded, and their 8-bit form; both checked for structure here, for numbers by tests."""

import copy
import io

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from .cnn import FoldedCnn, PayloadCnn, kernel_bytes

OPSET = 15
QUANTIZED_ELEMENTS_MIN = 1024


def to_onnx(model: PayloadCnn) -> bytes:
    """Inputs: tokens int64 [batch, length]; outputs: logit [batch], families [batch, n]."""
    folded = FoldedCnn(model).eval()
    out = io.BytesIO()
    sample = torch.ones(2, 32, dtype=torch.int64)
    torch.onnx.export(folded, (sample,), out, opset_version=OPSET, input_names=["tokens"], output_names=["logit", "families"],
                      dynamic_axes={"tokens": {0: "batch", 1: "length"}, "logit": {0: "batch"}, "families": {0: "batch"}})
    data = out.getvalue()
    onnx.checker.check_model(onnx.load_from_string(data))
    return data


def quantize_array(weights: np.ndarray, axis: int) -> "tuple[np.ndarray, np.ndarray]":
    """Symmetric 8-bit weights with one scale for each index along `axis`."""
    others = tuple(i for i in range(weights.ndim) if i != axis)
    scale = np.maximum(np.abs(weights).max(axis=others), 1e-12) / 127
    shape = [1] * weights.ndim
    shape[axis] = -1
    return np.clip(np.rint(weights / scale.reshape(shape)), -127, 127).astype(np.int8), scale.astype(np.float32)


def to_int8(model: bytes) -> bytes:
    """Weight-only 8 bit: every large initializer becomes int8 with a scale a channel and a DequantizeLinear."""
    graph = onnx.load_from_string(model)
    nodes, initializers = [], []
    for tensor in graph.graph.initializer:
        weights = numpy_helper.to_array(tensor)
        if weights.dtype != np.float32 or weights.size < QUANTIZED_ELEMENTS_MIN:
            initializers.append(tensor)
            continue
        axis = quantized_axis(weights)
        values, scale = quantize_array(weights, axis)
        initializers += [numpy_helper.from_array(values, tensor.name + "_q"), numpy_helper.from_array(scale, tensor.name + "_scale"),
                         helper.make_tensor(tensor.name + "_zero", TensorProto.INT8, [len(scale)], [0] * len(scale))]
        nodes.append(helper.make_node("DequantizeLinear", [tensor.name + "_q", tensor.name + "_scale", tensor.name + "_zero"],
                                      [tensor.name], axis=axis))
    del graph.graph.initializer[:]
    graph.graph.initializer.extend(initializers)
    old = list(graph.graph.node)
    del graph.graph.node[:]
    graph.graph.node.extend(nodes + old)
    onnx.checker.check_model(graph)
    return graph.SerializeToString()


def quantized_axis(weights: np.ndarray) -> int:
    """Output channels: the first axis of convolutions and dense layers, the second of look-up tables."""
    return 1 if weights.ndim == 2 and weights.shape[0] > 256 else 0


def quantized_copy(model: PayloadCnn) -> FoldedCnn:
    """The network with the weights that the 8-bit file stands for, to measure what is lost."""
    folded = FoldedCnn(copy.deepcopy(model)).eval()
    seen = set()
    for parameter in folded.parameters():
        if parameter.numel() >= QUANTIZED_ELEMENTS_MIN and id(parameter) not in seen:
            seen.add(id(parameter))
            weights = parameter.detach().numpy()
            values, scale = quantize_array(weights, quantized_axis(weights))
            shape = [1] * weights.ndim
            shape[quantized_axis(weights)] = -1
            parameter.data = torch.from_numpy((values * scale.reshape(shape)).astype(np.float32))
    return folded


__all__ = ["kernel_bytes", "quantized_copy", "to_int8", "to_onnx"]
