using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace WafOperator.Engine.Transformations;

/// <summary>t:md5: the 16 raw bytes of the digest.</summary>
internal sealed class Md5() : Transformation("md5")
{
    public override int OutputMax(int inputLength) => MD5.HashSizeInBytes;

    [SuppressMessage("Security", "CA5351", Justification = "The rule language defines this function as MD5.")]
    public override int Apply(ReadOnlySpan<byte> input, Span<byte> output) => MD5.HashData(input, output);
}

/// <summary>t:sha1: the 20 raw bytes of the digest.</summary>
internal sealed class Sha1() : Transformation("sha1")
{
    public override int OutputMax(int inputLength) => SHA1.HashSizeInBytes;

    [SuppressMessage("Security", "CA5350", Justification = "The rule language defines this function as SHA-1.")]
    public override int Apply(ReadOnlySpan<byte> input, Span<byte> output) => SHA1.HashData(input, output);
}

/// <summary>t:length: the number of bytes in decimal digits.</summary>
internal sealed class Length() : Transformation("length")
{
    public override int OutputMax(int inputLength) => 11;

    public override int Apply(ReadOnlySpan<byte> input, Span<byte> output)
    {
        input.Length.TryFormat(output, out var written);
        return Finish(input, output, written);
    }
}
