using System.Collections.Frozen;
using System.Globalization;
using System.Text;

namespace WafOperator.Behaviour.Features;

/// <summary>
/// The features of a request and its client, in their order. A feature that means something else than before gets
/// another name, and the version goes up; models name the features they take and the version they were trained with.
/// </summary>
public static class FeatureCatalogue
{
    public const int Version = 1;

    /// <summary>Groups with what they are about.</summary>
    public static readonly IReadOnlyList<(string Name, string About, IReadOnlyList<Feature> Features)> Groups =
    [
        ("Static", "how one request is written, as sent", StaticFeatures.All),
        ("Headers", "what its headers look like", HeaderFeatures.All),
        ("Content", "counts of what injections are written with", ContentFeatures.All),
        ("Windows", "fading counts of the client over 1 minute, 5 minutes and 1 hour", WindowFeatures.All),
        ("Sequence", "the client's last 50 requests", RingFeatures.All),
        ("Derived", "combinations, and the client beside the whole site", DerivedFeatures.All),
    ];

    /// <summary>All features.</summary>
    public static readonly IReadOnlyList<Feature> All = [.. Groups.SelectMany(group => group.Features)];

    private static readonly FrozenDictionary<string, int> Indexes =
        All.Select((feature, index) => (feature.Name, index)).ToFrozenDictionary(pair => pair.Name, pair => pair.index);

    /// <summary>Place of a feature, or -1.</summary>
    public static int IndexOf(string name) => Indexes.GetValueOrDefault(name, -1);

    /// <summary>The catalogue as lines that training reads: name, group, unit, meaning, tabs between.</summary>
    public static string ToTable()
    {
        var text = new StringBuilder(
            string.Create(CultureInfo.InvariantCulture, $"# version {Version}, {All.Count} features\n"));
        foreach (var (name, _, features) in Groups)
        {
            foreach (var feature in features)
            {
                text.Append(CultureInfo.InvariantCulture, $"{feature.Name}\t{name}\t");
                text.Append(CultureInfo.InvariantCulture, $"{feature.Unit}\t{feature.Meaning}\n");
            }
        }

        return text.ToString();
    }

    /// <summary>The catalogue as a page.</summary>
    public static string ToMarkdown()
    {
        var text = new StringBuilder("# Features of behaviour\n\n");
        text.Append(CultureInfo.InvariantCulture, $"Version {Version}, {All.Count} features; written by ");
        text.Append("`UPDATE_GOLDEN=1 dotnet test tests/Behaviour.Tests`. ");
        text.Append("`share` is between 0 and 1, `flag` 0 or 1.\n");
        foreach (var (name, about, features) in Groups)
        {
            text.Append(CultureInfo.InvariantCulture, $"\n## {name}: {about}\n\n");
            text.Append("| feature | unit | meaning |\n|---|---|---|\n");
            foreach (var feature in features)
            {
                text.Append(CultureInfo.InvariantCulture, $"| `{feature.Name}` | {feature.Unit} ");
                text.Append(CultureInfo.InvariantCulture, $"| {feature.Meaning} |\n");
            }
        }

        return text.ToString();
    }
}
