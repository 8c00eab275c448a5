using WafOperator.Http;

namespace WafOperator.Behaviour.Features;

/// <summary>
/// Fifteen counts of what injections are written with, in target and body together: cheap to say and easy to get
/// around, which is why they stand beside models that read the text. Reused; not thread-safe.
/// </summary>
public sealed class ContentCounts
{
    public const int Count = 15;

    /// <summary>Bytes of the target, and of the body, that are searched.</summary>
    private const int BytesMax = 4096;

    private static readonly byte[][] SqlWords =
        [.. "select union insert update delete drop where from having sleep".Split(' ')
            .Select(System.Text.Encoding.ASCII.GetBytes)];

    private static readonly byte[][] Handlers =
        [.. "onerror onload onclick onmouse onfocus".Split(' ').Select(System.Text.Encoding.ASCII.GetBytes)];

    private readonly byte[] _lower = new byte[BytesMax];
    private readonly int[] _counts = new int[Count];

    public int this[int index] => _counts[index];

    public void Read(ReadOnlySpan<byte> target, ReadOnlySpan<byte> body)
    {
        Array.Clear(_counts);
        Add(target);
        Add(body);
    }

    private void Add(ReadOnlySpan<byte> text)
    {
        var length = Math.Min(text.Length, BytesMax);
        for (var i = 0; i < length; i++) _lower[i] = NameHash.ToLower(text[i]);
        ReadOnlySpan<byte> lower = _lower.AsSpan(0, length);
        _counts[0] += length;
        _counts[1] += lower.Count((byte)'\'');
        _counts[2] += lower.Count((byte)'"');
        foreach (var word in SqlWords) _counts[3] += lower.Count(word);
        _counts[4] += lower.Count("<script"u8) + lower.Count("%3cscript"u8);
        _counts[5] += lower.Count("javascript:"u8);
        _counts[6] += lower.Count((byte)';');
        _counts[7] += lower.Count("--"u8) + lower.Count("/*"u8);
        _counts[8] += lower.Count((byte)'(') + lower.Count((byte)')');
        _counts[9] += lower.Count((byte)'=');
        _counts[10] += lower.Count((byte)'<') + lower.Count((byte)'>');
        foreach (var word in Handlers) _counts[11] += lower.Count(word);
        _counts[12] += lower.Count((byte)'%');
        _counts[13] += lower.Count("0x"u8);
        _counts[14] += lower.Count("../"u8) + lower.Count("..\\"u8) + lower.Count("..%2f"u8);
    }
}
