using WafOperator.Behaviour.Keys;

namespace WafOperator.Behaviour.Tests.Keys;

public sealed class SipHashTests
{
    /// <summary>From the reference implementation's vectors: key and input count up from zero.</summary>
    [Theory]
    [InlineData(0, "a3817f04ba25a8e66df67214c7550293")]
    [InlineData(1, "da87c1d86b99af44347659119b22fc45")]
    public void Of_ReferenceVectors_AreMet(int length, string expected)
    {
        var hash = new SipHash([.. Enumerable.Range(0, 16).Select(i => (byte)i)]);

        var bytes = new byte[16];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt128LittleEndian(
            bytes, hash.Of([.. Enumerable.Range(0, length).Select(i => (byte)i)]));

        Assert.Equal(expected, Convert.ToHexStringLower(bytes));
    }

    [Fact]
    public void Of_EveryLengthAndEveryByte_ChangesTheHash()
    {
        var hash = ClientKeys.Fresh();
        var seen = new HashSet<UInt128>();
        var bytes = new byte[40];
        for (var length = 0; length <= bytes.Length; length++)
        {
            Assert.True(seen.Add(hash.Of(bytes.AsSpan(0, length))));
            for (var i = 0; i < length; i++)
            {
                bytes[i] = 1;
                Assert.True(seen.Add(hash.Of(bytes.AsSpan(0, length))));
                bytes[i] = 0;
            }
        }
    }

    [Fact]
    public void Keys_OfSpaces_AreApart()
    {
        var keys = Enum.GetValues<KeySpace>().Select(space => ClientKeys.Of(space, "same"u8)).ToList();

        Assert.Equal(keys.Count, keys.Distinct().Count());
    }
}
