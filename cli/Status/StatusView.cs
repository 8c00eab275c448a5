using WafOperator.Resources.Exclusions;
using WafOperator.Resources.Models;
using WafOperator.Resources.Policies;
using WafOperator.Resources.Pools;

namespace WafOperator.Cli.Status;

/// <summary>What <c>status</c> shows.</summary>
internal sealed record StatusView
{
    public required DateTimeOffset Now { get; init; }

    public IReadOnlyList<WafPolicy> Policies { get; init; } = [];

    public IReadOnlyList<ModelVersion> Models { get; init; } = [];

    public IReadOnlyList<WafExclusion> Exclusions { get; init; } = [];

    public IReadOnlyList<InferencePool> Pools { get; init; } = [];

    /// <summary>Objects that this version cannot read, with the reason.</summary>
    public IReadOnlyList<string> Unreadable { get; init; } = [];
}
