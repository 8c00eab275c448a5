using System.Text.Json;
using WafOperator.Behaviour.Models;

namespace WafOperator.Behaviour.Features;

/// <summary>
/// The features that a package says it takes: <c>{"catalogue": 1, "features": ["rate_1m", …]}</c>.
/// </summary>
public static class FeatureList
{
    /// <summary>Names, or null and what is wrong.</summary>
    public static IReadOnlyList<string>? Read(ReadOnlySpan<byte> json, out string? error)
    {
        Content? content;
        try
        {
            content = JsonSerializer.Deserialize<Content>(json, JsonSerializerOptions.Web);
        }
        catch (JsonException failure)
        {
            error = $"features.json cannot be read: {failure.Message}";
            return null;
        }

        if (content?.Features is not { } features)
            error = "features.json names no features";
        else if (content.Catalogue != FeatureCatalogue.Version)
            error = $"features of catalogue {content.Catalogue}; this version computes {FeatureCatalogue.Version}";
        else if (features.Count is 0 or > BehaviourModel.FeaturesMax)
            error = $"{features.Count} features; 1 to {BehaviourModel.FeaturesMax} are possible";
        else
            error = null;
        return error is null ? content!.Features : null;
    }

    private sealed record Content(int Catalogue, IReadOnlyList<string>? Features);
}
