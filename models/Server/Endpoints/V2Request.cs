using WafOperator.Models.Server.Batching;

namespace WafOperator.Models.Server.Endpoints;

/// <summary>A tensor of a request.</summary>
/// <param name="Name">Name of the model's input.</param>
/// <param name="Datatype">Element type as the protocol names it.</param>
/// <param name="Shape">All dimensions.</param>
/// <param name="Data">Elements, raw.</param>
internal sealed record V2Tensor(string Name, string Datatype, long[] Shape, ReadOnlyMemory<byte> Data);

/// <summary>
/// An inference request of the Open Inference Protocol V2, read and within its bounds; not yet compared with a model.
/// </summary>
internal sealed record V2Request
{
    public string? Id { get; init; }
    public IReadOnlyList<V2Tensor> Inputs { get; init; } = [];

    /// <summary>Outputs that were asked for, and whether in binary; null: all.</summary>
    public IReadOnlyList<(string Name, bool IsBinary)>? Outputs { get; init; }

    /// <summary>All outputs in binary when none were named.</summary>
    public bool IsBinaryOutput { get; init; }
    public JobPriority? Priority { get; init; }
    public TimeSpan? Timeout { get; init; }
}
