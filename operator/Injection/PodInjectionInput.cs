using System.Text.Json.Nodes;
using WafOperator.Injection.Capture;
using WafOperator.Resources.Policies;

namespace WafOperator.Injection;

/// <summary>Which policy a pod is injected for, as the caller resolved it.</summary>
public abstract record PolicyChoice
{
    private PolicyChoice()
    {
    }

    /// <summary>A policy was found.</summary>
    public sealed record Found(string Name, WafPolicySpec Spec) : PolicyChoice;

    /// <summary>None was found; the message says what was looked for.</summary>
    public sealed record Missing(string Message) : PolicyChoice;
}

/// <summary>Everything the decision rests on. The pod is read, never changed.</summary>
public sealed record PodInjectionInput
{
    public required JsonObject Pod { get; init; }
    public required string Namespace { get; init; }
    public IReadOnlyDictionary<string, string> NamespaceLabels { get; init; } = new Dictionary<string, string>();

    /// <summary>Services of the namespace.</summary>
    public IReadOnlyList<ServiceView> Services { get; init; } = [];
    public required PolicyChoice Policy { get; init; }
    public required InjectionSettings Settings { get; init; }
}
