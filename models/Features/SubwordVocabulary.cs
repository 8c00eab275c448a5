using System.Text.Json;

namespace WafOperator.Features;

/// <summary>
/// Special tokens, bytes and merges of a <c>tokenizer.json</c> in the format of Hugging Face's <c>tokenizers</c>,
/// checked: an untrusted file.
/// </summary>
internal sealed class SubwordVocabulary
{
    /// <summary>Bytes of a file that is read at all.</summary>
    internal const int FileBytesMax = 8 << 20;

    /// <summary>Tokens of a vocabulary.</summary>
    internal const int TokensMax = 1 << 16;

    /// <summary>Bytes of a token.</summary>
    internal const int TokenBytesMax = 64;

    /// <summary>The special tokens, in their order; the same list as in training.</summary>
    internal static readonly string[] Special =
    [
        "[PAD]", "[UNK]", "[CLS]", "[SEP]",
        "GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "CONNECT",
        "<HTTP_METHOD>", "<HTTP_VERSION>", "<STATUS_CODE>", "<CONTENT_TYPE>", "<USER_AGENT>", "<REFERER>", "<COOKIE>",
        "<HEADER>", "<SCHEME>", "<DOMAIN>", "<PATH>", "<QUERY>", "<FRAGMENT>", "<SUBDOMAIN>", "<TLD>", "<PORT>",
        "<PARAM_NAME>", "<PARAM_VALUE>", "<FORM>", "<JSON>", "<XML>", "<MULTIPART>", "<BODY>",
        "<ID>", "<HASH>", "<SESSION_ID>", "<CSRF_TOKEN>", "<API_KEY>", "<AUTH_TOKEN>", "<JWT>",
        "<SQL_KEYWORD>", "<SCRIPT_TAG>", "<COMMAND>", "<PATH_TRAVERSAL>", "<ENCODED_PAYLOAD>", "<OBFUSCATED>",
        "<MALICIOUS_PATTERN>", .. Enumerable.Range(0, ValueNormalizer.FlagCount).Select(i => $"<FLAG_{i}>"),
    ];

    /// <summary>Words as byte-level tokenizers see them: a character for each byte.</summary>
    internal const string Pattern =
        "\u0120?[A-Za-z_\u00a1-\u00ac\u00ae-\u00ff\u0122-\u0143]{1,24}|\u0120?[0-9]{1,4}|\u0120?[!-/:-@\\[-^`{-~]{1,8}"
        + "|[\u0100-\u0121]";

    private SubwordVocabulary(byte[] bytes, int[] starts, (int, int)[] merges) =>
        (Bytes, Starts, Merges) = (bytes, starts, merges);

    /// <summary>The token of byte 0; those of the other bytes follow, then those of the merges.</summary>
    internal static int ByteBase => Special.Length;

    internal int Count => Starts.Length - 1;

    /// <summary>The bytes of all tokens, one behind the other.</summary>
    internal byte[] Bytes { get; }

    /// <summary>Where each token's bytes begin, and the end of the last.</summary>
    internal int[] Starts { get; }

    internal (int Left, int Right)[] Merges { get; }

    internal ReadOnlySpan<byte> BytesOf(int token) => Bytes.AsSpan(Starts[token]..Starts[token + 1]);

    internal static SubwordVocabulary? Read(ReadOnlySpan<byte> file, out string? error)
    {
        if (file.Length > FileBytesMax)
        {
            error = $"the tokenizer has {file.Length} bytes; at most {FileBytesMax} are read";
            return null;
        }

        try
        {
            var reader = new Utf8JsonReader(file);
            using var json = JsonDocument.ParseValue(ref reader);
            error = Problem(json.RootElement);
            return error is null ? Build(json.RootElement, out error) : null;
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException
            or FormatException)
        {
            error = "the tokenizer is not in the format that is read: " + e.Message;
            return null;
        }
    }

    private static string? Problem(JsonElement root)
    {
        if (root.GetProperty("model").GetProperty("type").GetString() != "BPE")
            return "the tokenizer's model is not BPE";
        var added = root.GetProperty("added_tokens").EnumerateArray().Select(t => t.GetProperty("content").GetString());
        if (!added.SequenceEqual(Special)) return "the tokenizer has other special tokens than this version";
        var steps = root.GetProperty("pre_tokenizer").GetProperty("pretokenizers");
        return steps.GetArrayLength() == 2 && steps[0].GetProperty("type").GetString() == "ByteLevel"
            && steps[1].GetProperty("pattern").GetProperty("Regex").GetString() == Pattern
            ? null
            : "the tokenizer cuts values into words in another way than this version";
    }

    private static SubwordVocabulary? Build(JsonElement root, out string? error)
    {
        var lines = root.GetProperty("model").GetProperty("merges");
        var vocabulary = root.GetProperty("model").GetProperty("vocab");
        var count = ByteBase + 256 + lines.GetArrayLength();
        if (count > TokensMax)
        {
            error = $"the tokenizer has {count} tokens; at most {TokensMax} are read";
            return null;
        }

        var numbers = new Dictionary<string, int>(count, StringComparer.Ordinal);
        var characters = Characters();
        for (var b = 0; b < 256; b++)
        {
            numbers.Add(characters[b].ToString(), ByteBase + b);
        }

        var merges = new (int, int)[lines.GetArrayLength()];
        for (var i = 0; i < merges.Length; i++)
        {
            var (left, right) = Sides(lines[i]);
            if (!numbers.TryGetValue(left, out var l) || !numbers.TryGetValue(right, out var r)
                || left.Length + right.Length > TokenBytesMax || !numbers.TryAdd(left + right, ByteBase + 256 + i))
            {
                error = $"merge {i} of the tokenizer is of tokens that are not known, too long, or made before";
                return null;
            }

            merges[i] = (l, r);
        }

        var known = vocabulary.EnumerateObject().Count(
            token => numbers.TryGetValue(token.Name, out var number) && token.Value.GetInt32() == number);
        error = known == numbers.Count ? null : "tokens and merges of the tokenizer do not belong together";
        return error is null ? Packed(numbers, merges, characters) : null;
    }

    private static (string, string) Sides(JsonElement line)
    {
        if (line.ValueKind == JsonValueKind.Array) return (line[0].GetString()!, line[1].GetString()!);
        var sides = line.GetString()!.Split(' ');
        return sides.Length == 2 ? (sides[0], sides[1]) : throw new FormatException("a merge has two sides");
    }

    private static SubwordVocabulary Packed(
        Dictionary<string, int> numbers, (int, int)[] merges, char[] characters)
    {
        var bytes = new Dictionary<char, byte>();
        for (var b = 0; b < 256; b++)
        {
            bytes.Add(characters[b], (byte)b);
        }

        var all = new List<byte>();
        var starts = new int[ByteBase + numbers.Count + 1];
        foreach (var (text, number) in numbers.OrderBy(n => n.Value))
        {
            all.AddRange(text.Select(c => bytes[c]));
            starts[number + 1] = all.Count;
        }

        return new SubwordVocabulary([.. all], starts, merges);
    }

    /// <summary>The character of each byte: itself if it can be seen, else one from U+0100 on.</summary>
    internal static char[] Characters()
    {
        var characters = new char[256];
        var hidden = 0;
        for (var b = 0; b < 256; b++)
        {
            var isSeen = b is (>= 33 and <= 126) or (>= 161 and <= 172) or >= 174;
            characters[b] = (char)(isSeen ? b : 256 + hidden++);
        }

        return characters;
    }
}
