using WafOperator.OnnxRuntime;
using WafOperator.Protocols.Models;

namespace WafOperator.Models.Server.Repository;

/// <summary>A network's tensors against what its manifest declares (pure).</summary>
internal static class TensorContract
{
    /// <summary>Null when they agree; else what differs first.</summary>
    public static string? Problem(ModelManifest manifest, OrtSession session)
    {
        if (session.Inputs.Count == 0 || session.Outputs.Count == 0) return "the network has no inputs or no outputs";
        foreach (var input in session.Inputs)
        {
            if (manifest.Inputs.All(d => d.Name != input.Name))
                return $"the network needs the input '{input.Name}', which the manifest does not declare";
        }

        return Problem("input", manifest.Inputs, session.Inputs)
            ?? Problem("output", manifest.Outputs, session.Outputs)
            ?? session.Inputs.Concat(session.Outputs)
                .Where(t => OrtRawTensor.SizeOf(t.ElementType) == 0)
                .Select(t => $"tensor '{t.Name}' is of a type that this server does not run")
                .FirstOrDefault();
    }

    private static string? Problem(
        string what, IReadOnlyList<TensorDeclaration> declared, IReadOnlyList<OrtTensorInfo> actual)
    {
        foreach (var declaration in declared)
        {
            if (actual.FirstOrDefault(t => t.Name == declaration.Name) is not { } tensor)
                return $"the manifest declares the {what} '{declaration.Name}', which the network does not have";
            if (!string.Equals(NameOf(tensor.ElementType), declaration.ElementType, StringComparison.OrdinalIgnoreCase))
                return $"{what} '{declaration.Name}' is {NameOf(tensor.ElementType)}, the manifest says "
                    + declaration.ElementType;
            if (!Fits(declaration.Shape, tensor.Shape))
                return $"{what} '{declaration.Name}' has shape {Text(tensor.Shape)}, the manifest says "
                    + Text(declaration.Shape);
        }

        return null;
    }

    /// <summary>A free dimension on either side fits; the number of dimensions must be the same.</summary>
    private static bool Fits(IReadOnlyList<long> declared, IReadOnlyList<long> actual) =>
        declared.Count == actual.Count
        && declared.Zip(actual).All(d => d.First == d.Second || d.First < 0 || d.Second < 0);

    private static string NameOf(OrtElementType type) => type.ToString().ToLowerInvariant();

    private static string Text(IReadOnlyList<long> shape) => $"[{string.Join(", ", shape)}]";
}
