using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace WafOperator.Rollouts.Training;

/// <summary>Most that one origin may contribute, in thousandths of what is selected.</summary>
/// <param name="ClientPermille">Of one client's address.</param>
/// <param name="NetworkPermille">Of one network (/24, /48).</param>
/// <param name="LabellerPermille">Of one person's labels.</param>
public sealed record DatasetCaps(int ClientPermille, int NetworkPermille, int LabellerPermille);

/// <summary>A file, by what is in it.</summary>
/// <param name="Name">Path below where files of its kind are mounted.</param>
/// <param name="Digest"><c>sha256:</c> and its digest; empty: whatever is there, which the run pins.</param>
public sealed record DatasetFile(string Name, string Digest);

/// <summary>
/// What a run trains with, so that another run can do the same: which requests, out of which days, under which bounds,
/// judged on which sets. Its digest is its name. Training reads the same bytes (<c>wafml.loop.manifest</c>); a golden
/// file holds the two equal. Immutable.
/// </summary>
public sealed record DatasetManifest
{
    /// <summary>Format and its version.</summary>
    public const string Format = "waf-dataset/v1";

    /// <summary>Longest window of requests, in days.</summary>
    public const int WindowDaysMax = 180;

    public required string Family { get; init; }

    /// <summary>First second of the window, and the second behind its last.</summary>
    public required DateTimeOffset From { get; init; }
    public required DateTimeOffset To { get; init; }

    /// <summary>Labels younger than this count for nothing yet: there is time to take them back.</summary>
    public required int QuarantineDays { get; init; }

    public required DatasetCaps Caps { get; init; }

    /// <summary>Most requests that are selected.</summary>
    public required int SamplesMax { get; init; }

    /// <summary>Policies whose requests are taken; empty: all.</summary>
    public IReadOnlyList<string> Policies { get; init; } = [];

    public required int Seed { get; init; }

    /// <summary>Files of labelled requests.</summary>
    public IReadOnlyList<DatasetFile> Data { get; init; } = [];

    /// <summary>Sets that judge and are never trained on.</summary>
    public IReadOnlyList<DatasetFile> Golden { get; init; } = [];

    /// <summary>Package that is trained further, and the first that was ever approved: both by digest.</summary>
    public required string Baseline { get; init; }
    public required string First { get; init; }

    /// <summary>
    /// One line of JSON: keys in ordinal order, no spaces, only ASCII. What Python's <c>json.dumps</c> writes with
    /// <c>sort_keys</c> and <c>separators=(",", ":")</c>.
    /// </summary>
    public string ToCanonicalJson()
    {
        var text = new CanonicalText();
        text.Open().Key("baseline").Text(Baseline);
        text.Key("caps").Open().Key("clientPermille").Number(Caps.ClientPermille)
            .Key("labellerPermille").Number(Caps.LabellerPermille)
            .Key("networkPermille").Number(Caps.NetworkPermille).Close();
        Files(text.Key("data"), Data);
        text.Key("family").Text(Family).Key("first").Text(First).Key("format").Text(Format);
        text.Key("from").Number(From.ToUnixTimeSeconds());
        Files(text.Key("golden"), Golden);
        text.Key("policies").OpenList();
        foreach (var policy in Policies.Order(StringComparer.Ordinal)) text.Item().Text(policy);
        text.CloseList();
        return text.Key("quarantineDays").Number(QuarantineDays).Key("samplesMax").Number(SamplesMax)
            .Key("seed").Number(Seed).Key("to").Number(To.ToUnixTimeSeconds()).Close().ToString();
    }

    /// <summary><c>sha256:</c> and the digest of <see cref="ToCanonicalJson"/>.</summary>
    public string Digest() =>
        "sha256:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(ToCanonicalJson())));

    private static void Files(CanonicalText text, IReadOnlyList<DatasetFile> files)
    {
        text.OpenList();
        foreach (var file in files.OrderBy(f => f.Name, StringComparer.Ordinal))
            text.Item().Open().Key("digest").Text(file.Digest).Key("name").Text(file.Name).Close();
        text.CloseList();
    }
}

/// <summary>Writes JSON that has one spelling.</summary>
internal sealed class CanonicalText
{
    private readonly StringBuilder _text = new();
    private bool _isFirst = true;

    public CanonicalText Open() => Begin('{');

    public CanonicalText Close() => End('}');

    public CanonicalText OpenList() => Begin('[');

    public CanonicalText CloseList() => End(']');

    /// <summary>A key, behind a comma where one is needed. Callers give keys in order.</summary>
    public CanonicalText Key(string name)
    {
        Item().Text(name);
        _text.Append(':');
        return this;
    }

    /// <summary>What comes is one more of a list.</summary>
    public CanonicalText Item()
    {
        if (!_isFirst) _text.Append(',');
        _isFirst = false;
        return this;
    }

    public CanonicalText Number(long value)
    {
        _text.Append(value.ToString(CultureInfo.InvariantCulture));
        return this;
    }

    public CanonicalText Text(string value)
    {
        _text.Append('"');
        foreach (var c in value)
        {
            _ = c switch
            {
                '"' => _text.Append("\\\""),
                '\\' => _text.Append("\\\\"),
                '\n' => _text.Append("\\n"),
                '\r' => _text.Append("\\r"),
                '\t' => _text.Append("\\t"),
                '\b' => _text.Append("\\b"),
                '\f' => _text.Append("\\f"),
                < ' ' or > '~' => _text.Append(
                    CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => _text.Append(c),
            };
        }

        _text.Append('"');
        return this;
    }

    public override string ToString() => _text.ToString();

    private CanonicalText Begin(char c)
    {
        _text.Append(c);
        _isFirst = true;
        return this;
    }

    private CanonicalText End(char c)
    {
        _text.Append(c);
        _isFirst = false;
        return this;
    }
}
