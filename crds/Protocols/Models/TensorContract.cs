namespace WafOperator.Protocols.Models;

/// <summary>
/// A network's tensors against what its manifest declares, and against what kinds that run on tokens need (pure).
/// Operator, sidecar and pool ask it about the file; who runs the network asks again about what the runtime made of
/// it.
/// </summary>
public static class TensorContract
{
    /// <summary>Null when they agree; else what differs first.</summary>
    public static string? Problem(
        ModelManifest manifest, IReadOnlyList<NetworkTensor> inputs, IReadOnlyList<NetworkTensor> outputs)
    {
        if (inputs.Count == 0 || outputs.Count == 0) return "the network has no inputs or no outputs";
        return Difference("input", manifest.Inputs, inputs)
            ?? inputs.Where(i => manifest.Inputs.All(d => d.Name != i.Name))
                .Select(i => $"the network needs the input '{i.Name}', which the manifest does not declare")
                .FirstOrDefault()
            ?? Difference("output", manifest.Outputs, outputs)
            ?? (manifest.Kind is "payload-cnn" or "onnx-tokens" ? TokenProblem(manifest, inputs, outputs) : null)
            ?? (manifest.Kind is RequestContract.Kind ? RequestContract.Problem(manifest, inputs, outputs) : null);
    }

    private static string? Difference(
        string what, IReadOnlyList<TensorDeclaration> declared, IReadOnlyList<NetworkTensor> actual)
    {
        foreach (var declaration in declared)
        {
            if (actual.FirstOrDefault(t => t.Name == declaration.Name) is not { } tensor)
                return $"the manifest declares the {what} '{declaration.Name}', which the network does not have";
            if (!string.Equals(tensor.ElementType, declaration.ElementType, StringComparison.OrdinalIgnoreCase))
                return $"{what} '{declaration.Name}' is {tensor.ElementType}, the manifest says "
                    + declaration.ElementType;
            if (tensor.Shape is not { } shape)
                return $"{what} '{declaration.Name}' has no shape in the ONNX file, the manifest says "
                    + Text(declaration.Shape);
            if (Misfit(declaration.Shape, shape) is { } misfit)
                return $"{what} '{declaration.Name}' has shape {Text(shape)}, the manifest says "
                    + $"{Text(declaration.Shape)}: {misfit}";
        }

        return null;
    }

    /// <summary>
    /// A dimension that the manifest leaves free must be free: rows of several requests are put together, and values
    /// have many lengths. The other way round the manifest promises less than the network can, which harms nobody.
    /// </summary>
    private static string? Misfit(IReadOnlyList<long> declared, IReadOnlyList<long> actual)
    {
        if (declared.Count != actual.Count) return $"{actual.Count} dimensions, not {declared.Count}";
        for (var i = 0; i < declared.Count; i++)
        {
            if (declared[i] < 0 && actual[i] >= 0)
                return $"dimension {i} is fixed to {actual[i]}; export it with a dynamic axis";
            if (declared[i] >= 0 && actual[i] >= 0 && declared[i] != actual[i])
                return $"dimension {i} is {actual[i]}, not {declared[i]}";
        }

        return null;
    }

    /// <summary>What whoever tokenises values can feed and read: rows of tokens in, one logit a row out.</summary>
    private static string? TokenProblem(
        ModelManifest manifest, IReadOnlyList<NetworkTensor> inputs, IReadOnlyList<NetworkTensor> outputs)
    {
        var kind = $"a package of kind '{manifest.Kind}'";
        if (inputs is not [{ ElementType: "int32" or "int64" } tokens])
            return $"{kind} has one input, tokens of int32 or int64";
        if (tokens.Shape is not [-1, -1])
            return $"{kind} takes rows of any length: its input is of shape [-1, -1], not {Text(tokens.Shape)}";
        var logit = outputs[0];
        if (logit.ElementType != "float32" || logit.Shape is not ([-1] or [-1, 1]))
            return $"{kind} gives one float32 logit a row: its first output is of shape [-1] or [-1, 1], "
                + $"not {logit.ElementType} {Text(logit.Shape)}";
        return manifest.Outputs is [{ } first, ..] && first.Name != logit.Name
            ? $"the first output of the network is '{logit.Name}', that of the manifest '{first.Name}'"
            : null;
    }

    private static string Text(IReadOnlyList<long>? shape) =>
        shape is null ? "unknown" : $"[{string.Join(", ", shape)}]";
}
