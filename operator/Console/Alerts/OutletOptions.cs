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
            return options.Problem() is { } problem ? throw new FormatException($"{file}: {problem}") : options;
        }
        catch (JsonException failure)
        {
            throw new FormatException($"{file}: {failure.Message}", failure);
        }
    }

    /// <summary>What is wrong with the file, or null.</summary>
    private string? Problem()
    {
        if (Sinks is null || Receivers is null || Rules is null) return "sinks, receivers and rules are lists";
        var names = Sinks.Select(s => s.Name).Concat(Receivers.Select(r => r.Name)).ToList();
        if (!AreDistinct(names)) return "sinks and receivers have names of their own";
        if (!AreDistinct(Rules.Select(r => r.Name))) return "rules have names of their own";
        foreach (var rule in Rules)
        {
            if (rule.Problem() is { } problem) return $"rule {rule.Name}: {problem}";
            if (rule.Receivers.Except(Receivers.Select(r => r.Name)).FirstOrDefault() is { } unknown)
                return $"rule {rule.Name}: there is no receiver {unknown}";
        }

        return null;
    }

    private static bool AreDistinct(IEnumerable<string> names)
    {
        var known = new HashSet<string>(StringComparer.Ordinal);
        return names.All(known.Add);
    }

    internal static readonly JsonSerializerOptions Json =
        new(JsonSerializerDefaults.Web)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        Converters = { new JsonStringEnumConverter(namingPolicy: null, allowIntegerValues: false) },
    };
}
