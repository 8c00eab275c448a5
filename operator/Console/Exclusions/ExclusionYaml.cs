using System.Globalization;
using System.Text.Json;
using WafOperator.Resources;
using WafOperator.Resources.Exclusions;
using YamlDotNet.Serialization;

namespace WafOperator.Console.Exclusions;

/// <summary>A WafExclusion as people put it into Git.</summary>
internal static class ExclusionYaml
{
    private static readonly ISerializer Yaml =
        new SerializerBuilder().WithQuotingNecessaryStrings(quoteYaml1_1Strings: true).Build();

    public static string Of(WafExclusion exclusion)
    {
        using var json = JsonSerializer.SerializeToDocument(exclusion, ResourceJson.Default.WafExclusion);
        return Yaml.Serialize(Plain(json.RootElement)!);
    }

    private static object? Plain(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject()
            .Where(p => p.Value.ValueKind is not (JsonValueKind.Null or JsonValueKind.Undefined)
                && (p.Value.ValueKind is not JsonValueKind.Array || p.Value.GetArrayLength() > 0) && p.Name != "status")
            .ToDictionary(p => p.Name, p => Plain(p.Value)),
        JsonValueKind.Array => element.EnumerateArray().Select(Plain).ToList(),
        JsonValueKind.Number => decimal.Parse(element.GetRawText(), NumberStyles.Float, CultureInfo.InvariantCulture),
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.String => element.GetString(),
        _ => null,
    };
}
