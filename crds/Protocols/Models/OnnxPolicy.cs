using System.Collections.Frozen;

namespace WafOperator.Protocols.Models;

/// <summary>Which ONNX files are run at all: operators that compute tensors from tensors, nothing that reaches outside.</summary>
public static class OnnxPolicy
{
    /// <summary>Highest opset.</summary>
    public const int OpsetMax = 21;

    /// <summary>Allowed operators; <c>com.microsoft</c> ones are those that quantisation writes.</summary>
    public static FrozenSet<string> AllowedOperators { get; } = new[]
    {
        "Abs", "Add", "And", "ArgMax", "AveragePool", "BatchNormalization", "Cast", "Ceil", "Clip", "Concat", "Constant",
        "ConstantOfShape", "Conv", "Cos", "CumSum", "DequantizeLinear", "Div", "Dropout", "DynamicQuantizeLinear", "Equal", "Erf", "Exp",
        "Expand", "Flatten", "Floor", "GRU", "Gather", "GatherElements", "GatherND", "Gelu", "Gemm", "GlobalAveragePool",
        "GlobalMaxPool", "Greater", "GreaterOrEqual", "Identity", "InstanceNormalization", "IsNaN", "LSTM",
        "LayerNormalization", "LeakyRelu", "Less", "LessOrEqual", "Log", "LogSoftmax", "MatMul", "MatMulInteger", "Max",
        "MaxPool", "Mean", "Min", "Mod", "Mul", "Neg", "Not", "OneHot", "Or", "PRelu", "Pad", "Pow", "QLinearConv",
        "QLinearMatMul", "QuantizeLinear", "Range", "Reciprocal", "ReduceL2", "ReduceMax", "ReduceMean", "ReduceMin",
        "ReduceProd", "ReduceSum", "ReduceSumSquare", "Relu", "Reshape", "ScatterND", "Shape", "Sigmoid", "Sign", "Sin",
        "Slice", "Softmax", "Softplus", "Split", "Sqrt", "Squeeze", "Sub", "Sum", "Tanh", "Tile", "TopK", "Transpose",
        "Trilu", "Unsqueeze", "Where", "Xor", "ConvInteger",
        "ai.onnx.ml:TreeEnsembleRegressor", "ai.onnx.ml:TreeEnsembleClassifier",
        "com.microsoft:DynamicQuantizeLSTM", "com.microsoft:FusedMatMul", "com.microsoft:Gelu", "com.microsoft:QAttention",
        "com.microsoft:DynamicQuantizeMatMul", "com.microsoft:MatMulIntegerToFloat", "com.microsoft:SkipLayerNormalization",
    }.ToFrozenSet(StringComparer.Ordinal);

    /// <summary>Null when the model may be run and has the tensors of its manifest; else the reason.</summary>
    public static string? Check(ReadOnlySpan<byte> model, ModelManifest manifest)
    {
        var graph = OnnxGraphReader.Read(model, out var error);
        if (graph is null) return error;
        if (graph.HasExternalData) return "the ONNX file keeps data in other files; export it self-contained";
        if (graph.OpsetVersion > OpsetMax) return $"the ONNX file uses opset {graph.OpsetVersion}; at most {OpsetMax} is supported";
        var foreign = graph.Operators.Where(o => !AllowedOperators.Contains(o)).Order(StringComparer.Ordinal).ToList();
        if (foreign.Count > 0) return $"the ONNX file uses operators that are not allowed: {string.Join(", ", foreign.Take(5))}";
        return TensorContract.Problem(manifest, graph.Inputs, graph.Outputs);
    }
}
