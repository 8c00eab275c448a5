using System.Numerics;

namespace WafOperator.Engine.Transformations;

/// <summary>t:lowercase: ASCII letters in lower case, other bytes as they are.</summary>
internal sealed class Lowercase() : Transformation("lowercase")
{
    internal override byte[]? Triggers => [.. "ABCDEFGHIJKLMNOPQRSTUVWXYZ"u8];

    internal override bool KeepsLetters => true;

    public override bool IsIdempotent => true;

    public override int Apply(ReadOnlySpan<byte> input, Span<byte> output)
    {
        var first = input.IndexOfAnyInRange((byte)'A', (byte)'Z');
        if (first < 0) return Unchanged;
        input[..first].CopyTo(output);
        LetterCase.Flip(input[first..], output[first..], (byte)'A');
        return input.Length;
    }
}

/// <summary>t:uppercase: ASCII letters in upper case, other bytes as they are.</summary>
internal sealed class Uppercase() : Transformation("uppercase")
{
    internal override bool KeepsLetters => true;

    public override bool IsIdempotent => true;

    public override int Apply(ReadOnlySpan<byte> input, Span<byte> output)
    {
        var first = input.IndexOfAnyInRange((byte)'a', (byte)'z');
        if (first < 0) return Unchanged;
        input[..first].CopyTo(output);
        LetterCase.Flip(input[first..], output[first..], (byte)'a');
        return input.Length;
    }
}

/// <summary>Flips the case bit of the 26 letters that start at a given one.</summary>
internal static class LetterCase
{
    public static void Flip(ReadOnlySpan<byte> input, Span<byte> output, byte firstLetter)
    {
        var i = 0;
        var start = new Vector<byte>(firstLetter);
        var count = new Vector<byte>(26);
        var bit = new Vector<byte>(0x20);
        for (; i <= input.Length - Vector<byte>.Count; i += Vector<byte>.Count)
        {
            var block = new Vector<byte>(input[i..]);
            var isLetter = Vector.LessThan(block - start, count);
            (block ^ (isLetter & bit)).CopyTo(output[i..]);
        }

        for (; i < input.Length; i++)
            output[i] = (uint)(input[i] - firstLetter) < 26 ? (byte)(input[i] ^ 0x20) : input[i];
    }
}
