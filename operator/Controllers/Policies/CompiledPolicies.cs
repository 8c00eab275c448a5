using System.Collections.Concurrent;
using WafOperator.Kubernetes.Objects;
using WafOperator.Policies.Compilation;
using WafOperator.Protocols.Policies;
using WafOperator.Resources.Policies;

namespace WafOperator.Controllers.Policies;

/// <summary>
/// The outcome of compiling each policy, and the revision that is in force (the last good one). Written by <see cref="PolicyPublisher"/>,
/// read by the status controllers. Thread-safe.
/// </summary>
public sealed class CompiledPolicies
{
    private readonly ConcurrentDictionary<NamespacedName, Entry> _entries = new();

    /// <summary>A policy was compiled; its status may have to say something else now.</summary>
    public event Action<NamespacedName>? Compiled;

    /// <summary>The outcome and what is in force, or null when the policy is not known.</summary>
    public Entry? Find(NamespacedName key) => _entries.GetValueOrDefault(key);

    /// <summary>Remembers an outcome. A failed one leaves the revision in force as it is.</summary>
    internal void Set(NamespacedName key, long generation, PolicyCompilation compilation)
    {
        if (compilation.Document is { } document)
            compilation = compilation with { Document = RuleRoom.WithoutTexts(document) };
        _entries.AddOrUpdate(
            key,
            _ => new Entry(generation, compilation, compilation.Document?.Revision, compilation.Document?.Mode)
            {
                FeedsInForce = compilation.Feeds,
            },
            (_, old) => new Entry(
                generation, compilation, compilation.Document?.Revision ?? old.RevisionInForce,
                compilation.Document?.Mode ?? old.ModeInForce)
            {
                FeedsInForce = compilation.Document is null ? old.FeedsInForce : compilation.Feeds,
            });
        Compiled?.Invoke(key);
    }

    internal void Remove(NamespacedName key) => _entries.TryRemove(key, out _);

    /// <param name="Generation">Generation of the policy that was compiled.</param>
    /// <param name="Compilation">What came out.</param>
    /// <param name="RevisionInForce">Revision that sidecars receive; null when there never was one.</param>
    /// <param name="ModeInForce">Mode of that revision; null when there never was one.</param>
    public sealed record Entry(
        long Generation, PolicyCompilation Compilation, string? RevisionInForce, InspectionMode? ModeInForce = null)
    {
        /// <summary>Feeds of that revision.</summary>
        public IReadOnlyList<AccessFeedStatus> FeedsInForce { get; init; } = [];
    }
}
