using System.Buffers;

namespace WafOperator.Engine.Transformations;

/// <summary>
/// t:cmdLine: what shells ignore is taken out. Backslash, quotes and caret are dropped; comma, semicolon and white
/// space become one space; a space before a slash or an opening parenthesis is dropped; letters in lower case.
/// </summary>
internal sealed class CmdLine() : Transformation("cmdLine")
{
    internal override byte[]? Triggers => [.. "\\\"'^/ ,;(\t\n\r\v\fABCDEFGHIJKLMNOPQRSTUVWXYZ"u8];

    public override bool IsIdempotent => true;

    private static readonly SearchValues<byte> Marks =
        SearchValues.Create("\"'\\^,; \t\r\nABCDEFGHIJKLMNOPQRSTUVWXYZ"u8);

    public override int Apply(ReadOnlySpan<byte> input, Span<byte> output)
    {
        var first = input.IndexOfAny(Marks);
        if (first < 0) return Unchanged;
        input[..first].CopyTo(output);
        var written = first;
        var isAfterSpace = false;
        foreach (var value in input[first..])
        {
            switch (value)
            {
                case (byte)'"' or (byte)'\'' or (byte)'\\' or (byte)'^':
                    break;
                case (byte)' ' or (byte)',' or (byte)';' or (byte)'\t' or (byte)'\r' or (byte)'\n':
                    if (!isAfterSpace) output[written++] = (byte)' ';
                    isAfterSpace = true;
                    break;
                case (byte)'/' or (byte)'(':
                    if (isAfterSpace) written--;
                    output[written++] = value;
                    isAfterSpace = false;
                    break;
                default:
                    output[written++] = (uint)(value - 'A') < 26 ? (byte)(value | 0x20) : value;
                    isAfterSpace = false;
                    break;
            }
        }

        return Finish(input, output, written);
    }
}
