using WafOperator.OnnxRuntime;
using WafOperator.Protocols.Models;

namespace WafOperator.Models.Server.Repository;

/// <summary>A session's tensors, as ONNX Runtime understood the file, against the manifest (pure).</summary>
internal static class SessionTensors
{
    /// <summary>Null when they agree; else what differs first.</summary>
    public static string? Problem(ModelManifest manifest, OrtSession session) =>
        TensorContract.Problem(manifest, Describe(session.Inputs), Describe(session.Outputs))
        ?? session.Inputs.Concat(session.Outputs)
            .Where(t => OrtRawTensor.SizeOf(t.ElementType) == 0)
            .Select(t => $"tensor '{t.Name}' is of a type that this server does not run")
            .FirstOrDefault();

    private static List<NetworkTensor> Describe(IReadOnlyList<OrtTensorInfo> tensors) =>
        [.. tensors.Select(t => new NetworkTensor(t.Name, t.ElementType.ToString().ToLowerInvariant(), t.Shape))];
}
