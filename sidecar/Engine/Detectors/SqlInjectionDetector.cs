using System.Buffers;

namespace WafOperator.Engine.Detectors;

/// <summary>
/// Finds SQL injection by structure: the input is taken apart as a database would that finds it in place of a value,
/// inside single quotes and inside double quotes, and <see cref="SqlStructure"/> decides whether what follows the value
/// goes on as SQL. Linear, stateless, thread-safe, no allocation. Design and figures: README.md in this folder.
/// </summary>
public static class SqlInjectionDetector
{
    /// <summary>Bytes that a fingerprint takes at most.</summary>
    public const int FingerprintBytesMax = 16;

    /// <summary>Steps of a token: to read it, and to try the rules that begin with it.</summary>
    private const int StepsPerToken = 40;

    private const int TokensMax = 128;
    private const int TokensKept = 24;

    private static readonly SearchValues<byte> Marks = SearchValues.Create(NeededBytes);

    /// <summary>Without one of these a value is a single word or number, and never found.</summary>
    public static ReadOnlySpan<byte> NeededBytes =>
    [
        (byte)'\'', (byte)'"', (byte)'(', (byte)')', (byte)'=', (byte)'<', (byte)'>', (byte)';', (byte)'#', (byte)'*',
        (byte)'|', (byte)'&', (byte)'@', (byte)'`', (byte)'+', (byte)'-', (byte)'/', (byte)'!', (byte)'^', (byte)'%',
        (byte)'~', (byte)',', 0xa0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22,
            23,
        24, 25, 26, 27, 28, 29, 30, 31, 32, 127,
    ];

    /// <summary>True when the input is SQL injection in one of the contexts.</summary>
    /// <param name="input">A decoded value.</param>
    /// <param name="fingerprint">Takes the context and the token types that decided, as letters for a log.</param>
    /// <param name="fingerprintLength">How many bytes of it were written.</param>
    public static bool Detect(ReadOnlySpan<byte> input, Span<byte> fingerprint, out int fingerprintLength)
    {
        var steps = long.MaxValue;
        return Detect(input, fingerprint, ref steps, out fingerprintLength);
    }

    /// <summary>The same within a number of steps; below zero afterwards, the input was not read to its end.</summary>
    public static bool Detect(
        ReadOnlySpan<byte> input, Span<byte> fingerprint, ref long steps, out int fingerprintLength)
    {
        fingerprintLength = 0;
        if (input.Length < 2 || !input.ContainsAny(Marks)) return false;
        if (Detect(input, SqlContext.Bare, fingerprint, ref steps, out fingerprintLength)) return true;
        if (input.Contains((byte)'\'')
            && Detect(input, SqlContext.SingleQuoted, fingerprint, ref steps, out fingerprintLength)) return true;
        return input.Contains((byte)'"')
            && Detect(input, SqlContext.DoubleQuoted, fingerprint, ref steps, out fingerprintLength);
    }

    private static bool Detect(
        ReadOnlySpan<byte> input, SqlContext context, Span<byte> fingerprint, ref long steps, out int length)
    {
        Span<SqlToken> tokens = stackalloc SqlToken[TokensMax];
        var tokenizer = new SqlTokenizer(input, context);
        var (count, kept, read) = (0, 0, 0);
        while (steps >= 0)
        {
            var isEnd = !tokenizer.TryNext(out var token);
            if (!isEnd) tokens[count++] = token;
            if (!isEnd && count < TokensMax) continue;

            steps -= ((long)StepsPerToken * (count - kept)) + (tokenizer.Position - read);
            read = tokenizer.Position;
            SqlStructure.Settle(tokens[..count]);
            var structure = new SqlStructure(input, tokens[..count], context, isStart: kept == 0, isEnd);
            if (structure.TryFind(out var at))
            {
                length = Describe(tokens[..count], at, context, fingerprint);
                return true;
            }

            if (isEnd) break;
            tokens[(count - TokensKept)..].CopyTo(tokens);
            count = kept = TokensKept;
        }

        length = 0;
        return false;
    }

    private static int Describe(ReadOnlySpan<SqlToken> tokens, int at, SqlContext context, Span<byte> fingerprint)
    {
        var room = Math.Min(fingerprint.Length, FingerprintBytesMax);
        if (room < 2) return 0;
        fingerprint[0] = context switch
        {
            SqlContext.SingleQuoted => (byte)'\'',
            SqlContext.DoubleQuoted => (byte)'"',
            _ => (byte)':',
        };
        var written = 1;
        for (var i = Math.Max(0, at - 2); i < tokens.Length && written < Math.Min(room, 9); i++)
            fingerprint[written++] = tokens[i].Type;
        return written;
    }
}
