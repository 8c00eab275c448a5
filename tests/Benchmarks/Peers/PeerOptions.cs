using System.Globalization;

namespace WafOperator.Benchmarks.Peers;

/// <summary>How the comparison is run.</summary>
internal sealed record PeerOptions
{
    public const string Usage = "[--rounds 5] [--seconds 1] [--connections 4] [--paranoia 1,2] [--shape TEXT] "
        + "[--sidecar waf-sidecar.dll] [--write FILE]";

    /// <summary>Measurements of each shape in each proxy.</summary>
    public int Rounds { get; init; } = 5;

    /// <summary>Wanted processor time of one measurement.</summary>
    public double Seconds { get; init; } = 1;

    public int Connections { get; init; } = 4;

    public IReadOnlyList<int> Paranoia { get; init; } = [1, 2];

    /// <summary>Only shapes whose name holds this.</summary>
    public string Shape { get; init; } = "";

    /// <summary>The sidecar that is measured.</summary>
    public string Sidecar { get; init; } = Path.Combine(AppContext.BaseDirectory, "waf-sidecar.dll");

    /// <summary>A Markdown file whose table is replaced, or null.</summary>
    public string? Write { get; init; }

    /// <summary>Null when the arguments make no sense.</summary>
    public static PeerOptions? Parse(string[] arguments)
    {
        var options = new PeerOptions();
        for (var i = 0; i < arguments.Length; i += 2)
        {
            if (i + 1 == arguments.Length) return null;
            var value = arguments[i + 1];
            PeerOptions? next = arguments[i] switch
            {
                "--rounds" when Number(value) is { } rounds => options with { Rounds = (int)rounds },
                "--seconds" when Number(value) is { } seconds => options with { Seconds = seconds },
                "--connections" when Number(value) is { } count => options with { Connections = (int)count },
                "--paranoia" when value.Split(',').All(static level => level is "1" or "2" or "3" or "4") =>
                    options with
                    {
                        Paranoia = [.. value.Split(',').Select(static l => int.Parse(l, CultureInfo.InvariantCulture))],
                    },
                "--shape" => options with { Shape = value },
                "--sidecar" when File.Exists(value) => options with { Sidecar = Path.GetFullPath(value) },
                "--write" when File.Exists(value) => options with { Write = value },
                _ => null,
            };
            if (next is null) return null;
            options = next;
        }

        return options;
    }

    private static double? Number(string text) =>
        double.TryParse(text, CultureInfo.InvariantCulture, out var value) && value > 0 ? value : null;
}
