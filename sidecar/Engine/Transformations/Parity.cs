using System.Numerics;

namespace WafOperator.Engine.Transformations;

/// <summary>t:parityEven7bit: the eighth bit makes the number of set bits even.</summary>
internal sealed class ParityEven7Bit() : Transformation("parityEven7bit")
{
    public override bool IsIdempotent => true;

    public override int Apply(ReadOnlySpan<byte> input, Span<byte> output)
    {
        for (var i = 0; i < input.Length; i++) output[i] = Parity.With(input[i], isOdd: false);
        return Finish(input, output, input.Length);
    }
}

/// <summary>t:parityOdd7bit: the eighth bit makes the number of set bits odd.</summary>
internal sealed class ParityOdd7Bit() : Transformation("parityOdd7bit")
{
    public override bool IsIdempotent => true;

    public override int Apply(ReadOnlySpan<byte> input, Span<byte> output)
    {
        for (var i = 0; i < input.Length; i++) output[i] = Parity.With(input[i], isOdd: true);
        return Finish(input, output, input.Length);
    }
}

/// <summary>t:parityZero7bit: the eighth bit is cleared.</summary>
internal sealed class ParityZero7Bit() : Transformation("parityZero7bit")
{
    public override bool IsIdempotent => true;

    public override int Apply(ReadOnlySpan<byte> input, Span<byte> output)
    {
        if (!input.ContainsAnyInRange((byte)0x80, (byte)0xff)) return Unchanged;
        for (var i = 0; i < input.Length; i++) output[i] = (byte)(input[i] & 0x7f);
        return input.Length;
    }
}

/// <summary>Parity of seven data bits.</summary>
internal static class Parity
{
    public static byte With(byte value, bool isOdd)
    {
        var data = value & 0x7f;
        var isDataOdd = (BitOperations.PopCount((uint)data) & 1) == 1;
        return (byte)(isDataOdd == isOdd ? data : data | 0x80);
    }
}
