namespace WafOperator.Features;

/// <summary>
/// The gate's token n-grams (models/training/wafml/features.py, <c>token_rows</c>). A token is a run of letters, a run
/// of digits, or any other byte; spaces and plus signs only separate. N-grams hold tokens exactly or by shape, in which
/// all runs of a kind are alike: what an attack says changes, how it is built less.
/// </summary>
internal static class TokenNgrams
{
    private const uint Offset = 0x811c9dc5;
    private const uint Prime = 0x01000193;
    private const uint Mix = 0x9e3779b1;
    private const uint WordShape = 0x100;
    private const uint DigitsShape = 0x101;
    private const int TokensMax = 5;

    /// <summary>
    /// Kinds of n-grams as training numbers them: how many tokens, and which of them count exactly (bit i: the i-th).
    /// </summary>
    private static ReadOnlySpan<byte> Lengths => [1, 2, 3, 3, 4, 5, 3, 3];

    private static ReadOnlySpan<byte> Exact => [0b1, 0b11, 0b111, 0, 0, 0, 0b001, 0b100];

    private enum Kind
    {
        Space,
        Word,
        Digits,
        Single,
    }

    /// <summary>The last tokens read, the newest at index 0.</summary>
    [System.Runtime.CompilerServices.InlineArray(TokensMax)]
    private struct Recent<T>
    {
        private T _first;
    }

    /// <summary>Sum of the weights of all token n-grams of a framed text, and how many there are.</summary>
    /// <param name="text">The text with its sentinels.</param>
    /// <param name="weights">Weights of the token buckets.</param>
    /// <param name="byPosition">Where not empty, each n-gram's weight is added at its first byte.</param>
    /// <param name="count">Number of n-grams.</param>
    public static int Sum(
        ReadOnlySpan<byte> text, ReadOnlySpan<sbyte> weights, Span<int> byPosition, out int count)
    {
        Recent<uint> exact = default, shape = default;
        Recent<int> starts = default;
        (var sum, var seen) = (0, 0);
        count = 0;
        for (var at = 0; at < text.Length;)
        {
            var start = at;
            var kind = KindOf(text[at]);
            var word = ReadToken(text, kind, ref at);
            if (kind is Kind.Space) continue;
            Push(ref exact, word);
            Push(ref shape, kind switch { Kind.Word => WordShape, Kind.Digits => DigitsShape, _ => text[start] });
            Push(ref starts, start);
            seen = Math.Min(seen + 1, TokensMax);
            sum += Ending(exact, shape, starts, seen, weights, byPosition, ref count);
        }

        return sum;
    }

    /// <summary>N-grams whose last token is the newest.</summary>
    private static int Ending(
        in Recent<uint> exact, in Recent<uint> shape, in Recent<int> starts, int seen, ReadOnlySpan<sbyte> weights,
        Span<int> byPosition, ref int count)
    {
        var sum = 0;
        for (var number = 0; number < Lengths.Length; number++)
        {
            int length = Lengths[number];
            if (length > seen) continue;
            int isExact = Exact[number];
            var hash = Offset + (uint)number;
            for (var i = 0; i < length; i++)
            {
                var token = (isExact >> i & 1) != 0 ? exact[length - 1 - i] : shape[length - 1 - i];
                hash = (hash ^ token) * Prime;
            }

            var weight = weights[Bucket(hash)];
            sum += weight;
            count++;
            if (!byPosition.IsEmpty) byPosition[starts[length - 1]] += weight;
        }

        return sum;
    }

    /// <summary>Moves past the token; returns its exact form.</summary>
    private static uint ReadToken(ReadOnlySpan<byte> text, Kind kind, ref int at)
    {
        if (kind is Kind.Single) return text[at++];
        (var hash, var power) = (0u, 1u);
        for (; at < text.Length && KindOf(text[at]) == kind; at++)
        {
            hash += text[at] * power;
            power *= Prime;
        }

        return kind is Kind.Word ? hash ^ Mix : DigitsShape;
    }

    private static void Push<T>(ref Recent<T> recent, T token)
    {
        for (var i = TokensMax - 1; i > 0; i--) recent[i] = recent[i - 1];
        recent[0] = token;
    }

    private static int Bucket(uint hash) => NgramHash.Bucket(hash ^ (hash >> 15));

    private static Kind KindOf(byte b) => b switch
    {
        >= (byte)'a' and <= (byte)'z' or >= (byte)'A' and <= (byte)'Z' or (byte)'_' or >= 0x80 => Kind.Word,
        >= (byte)'0' and <= (byte)'9' => Kind.Digits,
        (byte)' ' or (byte)'+' => Kind.Space,
        _ => Kind.Single,
    };
}
