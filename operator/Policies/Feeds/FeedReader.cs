using System.Globalization;
using System.Text.Json;

namespace WafOperator.Policies.Feeds;

/// <summary>What a feed has, and what of it was left out.</summary>
internal sealed record FeedReading
{
    /// <summary>Networks, each once, in the feed's order.</summary>
    public required IReadOnlyList<FeedNetwork> Networks { get; init; }

    /// <summary>Why nothing could be read, or null.</summary>
    public string? Problem { get; init; }

    /// <summary>Lines or indicators that are no network, and the first of them, cut.</summary>
    public int Unreadable { get; init; }
    public string? FirstUnreadable { get; init; }

    /// <summary>Networks wider than any that is taken.</summary>
    public int TooWide { get; init; }

    /// <summary>Networks that are not public.</summary>
    public int NotPublic { get; init; }

    /// <summary>Networks beyond the room there is.</summary>
    public int Cut { get; init; }

    /// <summary>When an indicator begins or ends to be valid next, or null.</summary>
    public DateTimeOffset? ChangesAt { get; init; }
}

/// <summary>
/// Text of a feed → networks. Somebody else writes it: nothing in it can deny everybody, or grow without bound. Pure.
/// </summary>
internal sealed class FeedReader(FeedRoom room, bool includePrivate, DateTimeOffset now)
{
    private const int ShownMax = 40;

    private readonly HashSet<FeedNetwork> _known = [];
    private readonly List<FeedNetwork> _networks = [];
    private int _unreadable;
    private string? _first;
    private int _tooWide;
    private int _notPublic;
    private int _cut;
    private DateTimeOffset? _changesAt;

    /// <summary>Reads lines, or a STIX 2.1 bundle where the text is a JSON object.</summary>
    public FeedReading Read(string text)
    {
        string? problem = null;
        if (text.AsSpan().TrimStart("\ufeff \t\r\n") is ['{', ..]) problem = ReadBundle(text.Trim('\ufeff'));
        else ReadLines(text);
        return new()
        {
            Networks = _networks, Problem = problem, Unreadable = _unreadable, FirstUnreadable = _first,
            TooWide = _tooWide, NotPublic = _notPublic, Cut = _cut, ChangesAt = _changesAt,
        };
    }

    private void ReadLines(string text)
    {
        foreach (var line in text.AsSpan().Trim('\ufeff').EnumerateLines())
        {
            var trimmed = line.TrimStart();
            var end = trimmed.IndexOfAny("#;, \t");
            var word = (end >= 0 ? trimmed[..end] : trimmed).Trim('"');
            if (word.IsEmpty) continue;
            // A range by its ends is no network: its first address alone would be something else.
            if (end >= 0 && IsRange(trimmed[end..])) Refuse(trimmed);
            else Add(word);
        }
    }

    private static bool IsRange(ReadOnlySpan<char> rest)
    {
        var next = rest.TrimStart("\", \t");
        if (next is ['-', ..]) next = next[1..].TrimStart();
        var end = next.IndexOfAny("#;, \t");
        return FeedNetwork.Parse((end >= 0 ? next[..end] : next).Trim('"')) is not null;
    }

    private string? ReadBundle(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = 32 });
            if (!document.RootElement.TryGetProperty("objects", out var objects)
                || objects.ValueKind is not JsonValueKind.Array) return "the bundle has no objects";
            foreach (var item in objects.EnumerateArray())
            {
                if (item.ValueKind is JsonValueKind.Object && IsIndicator(item)) ReadIndicator(item);
            }

            return null;
        }
        catch (JsonException)
        {
            return "it begins as JSON and is none";
        }
    }

    private static bool IsIndicator(JsonElement item) =>
        item.TryGetProperty("type", out var type) && type.ValueKind is JsonValueKind.String
        && type.ValueEquals("indicator"u8);

    private void ReadIndicator(JsonElement indicator)
    {
        if (indicator.TryGetProperty("revoked", out var revoked) && revoked.ValueKind is JsonValueKind.True) return;
        var (isFrom, from) = Time(indicator, "valid_from");
        var (isUntil, until) = Time(indicator, "valid_until");
        if (!isFrom || !isUntil) { Refuse("a time that is none"); return; }
        if (until <= now) return;
        if (from > now) { ChangesAt(from.Value); return; }
        if (Text(indicator, "pattern") is not { } pattern) { Refuse("an indicator without pattern"); return; }
        // Bundles speak of files and names, too: those are no business of this list.
        if (!StixPattern.IsAboutAddresses(pattern)) return;
        if (StixPattern.AddressesOf(pattern) is not { } addresses) { Refuse(pattern); return; }

        if (until is { } end) ChangesAt(end);
        foreach (var address in addresses) Add(address);
    }

    private void ChangesAt(DateTimeOffset at)
    {
        if (_changesAt is null || at < _changesAt) _changesAt = at;
    }

    private void Add(ReadOnlySpan<char> text)
    {
        if (FeedNetwork.Parse(text) is not { } network) { Refuse(text); return; }
        if (network.IsTooWide) _tooWide++;
        else if (!includePrivate && network.IsNotPublic) _notPublic++;
        else if (_known.Contains(network)) return;
        else if (!room.TryTake(network)) _cut++;
        else if (_known.Add(network)) _networks.Add(network);
    }

    private void Refuse(ReadOnlySpan<char> text)
    {
        _unreadable++;
        _first ??= text.Length > ShownMax ? $"{text[..ShownMax]}…" : text.ToString();
    }

    private static string? Text(JsonElement item, string name)
    {
        if (!item.TryGetProperty(name, out var value) || value.ValueKind is not JsonValueKind.String) return null;
        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException)
        {
            // Half a surrogate pair is JSON and no text: the others of the bundle are read all the same.
            return null;
        }
    }

    private static (bool IsGood, DateTimeOffset? Time) Time(JsonElement item, string name) =>
        !item.TryGetProperty(name, out _) ? (true, null)
            : DateTimeOffset.TryParse(Text(item, name), CultureInfo.InvariantCulture,
                DateTimeStyles.AssumeUniversal, out var time) ? (true, time) : (false, null);
}
