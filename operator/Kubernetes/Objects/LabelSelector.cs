using System.Text.Json;

namespace WafOperator.Kubernetes.Objects;

/// <summary>
/// A selector over labels: all of <c>matchLabels</c> and <c>matchExpressions</c> must hold. Pure.
/// Source: Kubernetes documentation, "Labels and Selectors".
/// </summary>
public sealed class LabelSelector
{
    private readonly List<(string Key, string Operator, IReadOnlyList<string> Values)> _requirements = [];

    private LabelSelector()
    {
    }

    /// <summary>Selects everything (an empty selector).</summary>
    public static LabelSelector Everything { get; } = new();

    /// <summary>
    /// Reads <c>{matchLabels, matchExpressions}</c>; null when malformed: treat as selecting nothing.
    /// </summary>
    public static LabelSelector? Read(JsonElement selector)
    {
        var result = FromLabels(selector.At("matchLabels"));
        foreach (var expression in selector.Items("matchExpressions"))
        {
            if (expression.Text("key") is not { } key || expression.Text("operator") is not { } op) return null;
            if (op is not ("In" or "NotIn" or "Exists" or "DoesNotExist")) return null;
            result._requirements.Add((key, op, expression.Items("values").Select(v => v.GetString() ?? "").ToList()));
        }

        return result;
    }

    /// <summary>Reads a plain map of labels, as a Service's selector is.</summary>
    public static LabelSelector FromLabels(JsonElement? labels)
    {
        var result = new LabelSelector();
        if (labels is not { ValueKind: JsonValueKind.Object } map) return result;
        foreach (var label in map.EnumerateObject())
            result._requirements.Add((label.Name, "In", [label.Value.GetString() ?? ""]));
        return result;
    }

    public bool Matches(IReadOnlyDictionary<string, string> labels) => _requirements.TrueForAll(requirement =>
    {
        var present = labels.TryGetValue(requirement.Key, out var value);
        return requirement.Operator switch
        {
            "In" => present && requirement.Values.Contains(value),
            "NotIn" => !present || !requirement.Values.Contains(value),
            "Exists" => present,
            "DoesNotExist" => !present,
            _ => false,
        };
    });
}
