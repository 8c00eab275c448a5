using System.Text.Json;
using System.Text.Json.Serialization;
using WafOperator.Console.Sinks;

namespace WafOperator.Console.Alerts;

/// <summary>The file of <c>--outlets</c>.</summary>
public sealed record OutletOptions
{
    public IReadOnlyList<SinkOptions> Sinks { get; init; } = [];
    public IReadOnlyList<ReceiverOptions> Receivers { get; init; } = [];
    public IReadOnlyList<AlertRule> Rules { get; init; } = [];

    /// <summary>Reads the file.</summary>
    /// <exception cref="FormatException">It is not what it should be.</exception>
    public static OutletOptions Read(string file)
    {
        try
        {
            var options = JsonSerializer.Deserialize<OutletOptions>(File.ReadAllText(file), Json)
                ?? new OutletOptions();
            var names = options.Sinks.Select(s => s.Name).Concat(options.Receivers.Select(r => r.Name)).ToList();
            return names.Distinct(StringComparer.Ordinal).Count() == names.Count ? options
                : throw new FormatException($"{file}: sinks and receivers have names of their own");
        }
        catch (JsonException failure)
        {
            throw new FormatException($"{file}: {failure.Message}", failure);
        }
    }

    internal static readonly JsonSerializerOptions Json =
        new(JsonSerializerDefaults.Web)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        Converters = { new JsonStringEnumConverter(namingPolicy: null, allowIntegerValues: false) },
    };
}
