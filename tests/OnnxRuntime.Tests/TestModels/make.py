"""Writes dense.onnx: y = relu(x W + b), x [batch, 3] float, y [batch, 2]; used by the tests of the binding."""
import pathlib

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper, save

weights = np.array([[1, -1], [2, 0.5], [-3, 4]], dtype=np.float32)
bias = np.array([0.5, -0.25], dtype=np.float32)
graph = helper.make_graph(
    [helper.make_node("Gemm", ["x", "w", "b"], ["h"]), helper.make_node("Relu", ["h"], ["y"])],
    "dense",
    [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 3])],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 2])],
    [numpy_helper.from_array(weights, "w"), numpy_helper.from_array(bias, "b")])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
model.ir_version = 8
checker.check_model(model)
save(model, pathlib.Path(__file__).with_name("dense.onnx"))
