using WafOperator.Resources.Policies;

namespace WafOperator.Policies.Targets;

/// <summary>Whether labels meet a policy's selector, as Kubernetes reads label selectors (pure).</summary>
internal static class PodSelectors
{
    /// <summary>True when all labels and all requirements hold; an empty selector chooses everything.</summary>
    public static bool Matches(this PodSelectorSpec selector, IReadOnlyDictionary<string, string> labels)
    {
        foreach (var (key, value) in selector.MatchLabels)
            if (!labels.TryGetValue(key, out var label) || label != value) return false;
        return selector.MatchExpressions.All(requirement => Holds(requirement, labels));
    }

    /// <summary>NotIn holds where the label is absent, as in Kubernetes.</summary>
    private static bool Holds(LabelRequirement requirement, IReadOnlyDictionary<string, string> labels)
    {
        var isThere = labels.TryGetValue(requirement.Key, out var value);
        return requirement.Operator switch
        {
            LabelOperator.In => isThere && requirement.Values.Contains(value, StringComparer.Ordinal),
            LabelOperator.NotIn => !isThere || !requirement.Values.Contains(value, StringComparer.Ordinal),
            LabelOperator.Exists => isThere,
            _ => !isThere,
        };
    }
}
