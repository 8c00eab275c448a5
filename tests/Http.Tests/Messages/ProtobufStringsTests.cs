using System.Text;
using WafOperator.Http.Messages;

namespace WafOperator.Http.Tests.Messages;

/// <summary>What may be text in a message is found without its schema, and never more than the bounds allow.</summary>
public sealed class ProtobufStringsTests
{
    private const string Attack = "' OR 1=1 -- ";

    public static TheoryData<string, byte[], string[]> Messages => new()
    {
        { "a string", Text(1, "hello"), ["1=hello"] },
        { "two fields", [.. Text(1, "a"), .. Text(2, "b")], ["1=a", "2=b"] },
        { "a number before it", [0x08, 0x96, 0x01, .. Text(2, "x")], ["2=x"] },
        { "fixed numbers", [0x09, 0, 0, 0, 0, 0, 0, 0, 0, 0x15, 0, 0, 0, 0, .. Text(3, "x")], ["3=x"] },
        { "a nested message", Bytes(3, [.. Text(1, "deep"), 0x10, 0x01]), ["3.1=deep"] },
        { "twice nested", Bytes(3, [0x10, 0x01, .. Bytes(4, [0x10, 0x01, .. Text(1, "deep")])]), ["3.4.1=deep"] },
        { "a high field number", Text(536_870_911, "x"), ["536870911=x"] },
        { "a group", [0x0B, .. Text(2, "in"), 0x0C], ["2=in"] },
        { "other letters", Text(1, "Grüße, 世界"), ["1=Grüße, 世界"] },
        { "packed numbers", Bytes(1, [0x80, 0x01, 0x80, 0x02, 0xFF, 0x03]), [] },
        { "a length beyond 32 bits", [0x0A, 0x85, 0x80, 0x80, 0x80, 0x10, .. "hello"u8], ["1=hello"] },
        { "an overlong length", [0x0A, 0x85, 0x80, 0x80, 0x00, .. "hello"u8], ["1=hello"] },
    };

    [Theory, MemberData(nameof(Messages))]
    public void Texts_AreFound(string situation, byte[] message, string[] expected)
    {
        _ = situation;
        var (reading, found) = Read(message);

        Assert.True(reading.IsMessage);
        Assert.Equal(expected, found);
    }

    [Theory]
    [InlineData("08")]
    [InlineData("0A05")]
    [InlineData("00")]
    [InlineData("0E00")]
    [InlineData("0C")]
    [InlineData("0B")]
    [InlineData("FFFFFFFFFFFFFFFFFFFFFF")]
    [InlineData("")]
    public void WhatIsNoMessage_IsSaidToBeNone(string hex) =>
        Assert.False(Read(Convert.FromHexString(hex)).Reading.IsMessage);

    /// <summary>Whatever a sender wraps a text in, an application that reads it as text finds it; so must we.</summary>
    [Theory]
    [InlineData("a byte that is no UTF-8", new byte[0], new byte[] { 0xFF })]
    [InlineData("control bytes", new byte[] { 1, 2, 3 }, new byte[] { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
        1, 1, 1, 1, 1, 1 })]
    [InlineData("the shape of a field", new byte[] { 0x09 }, new byte[0])]
    [InlineData("white space that is a length too", new byte[] { 0x0A, 0x0B }, new byte[] { 0x20, 0x20 })]
    [InlineData("the shape of another field", new byte[] { 0x11 }, new byte[] { 0x08, 0x01 })]
    public void ATextInDisguise_IsShown(string situation, byte[] before, byte[] after)
    {
        _ = situation;
        var (_, found) = Read(Bytes(7, [.. before, .. "' or 1=1"u8, .. after]));

        Assert.Contains(found, text => text.Contains("' or 1=1", StringComparison.Ordinal));
    }

    /// <summary>
    /// A string cut into fields by letters that are tags (<c>"</c>, <c>*</c>, <c>2</c>, <c>:</c>) and lengths, and that
    /// has one control byte so that it is no clean text: the application gets it whole.
    /// </summary>
    [Fact]
    public void ATextWhosePiecesAreFields_IsShownWhole()
    {
        var random = new Random(11);
        byte[] tags = [.. "\"*2:BJRZbjrz"u8];
        for (var round = 0; round < 500; round++)
        {
            var text = new List<byte>();
            for (var piece = random.Next(4, 8); piece > 0; piece--)
            {
                var letters = random.Next(0x20, 0x50);
                text.AddRange([tags[random.Next(tags.Length)], (byte)letters]);
                for (; letters > 0; letters--) text.Add((byte)random.Next('a', 'z'));
            }

            text[5] = 1;
            var whole = Encoding.ASCII.GetString([.. text]);

            Assert.Contains(Read(Bytes(7, [.. text])).Found, found => found[2..] == whole);
        }
    }

    [Fact]
    public void ACutMessage_ShowsWhatThereIs()
    {
        var message = Bytes(3, [.. Text(1, "first"), .. Text(2, Attack + new string('x', 100))]);
        for (var length = message.Length - 1; length > 12 + Attack.Length; length--)
        {
            var found = new List<ProtobufText>();

            Assert.True(ProtobufStrings.Read(message.AsSpan(0, length), isCut: true, ProtobufLimits.Default,
                found).IsMessage);
            Assert.Contains(found, text => text.Path == "3.2"
                && Encoding.UTF8.GetString(message[text.Value]).StartsWith(Attack, StringComparison.Ordinal));
        }
    }

    [Fact]
    public void AnyMessage_AtAnyDepth_ShowsItsTexts()
    {
        var random = new Random(7);
        for (var round = 0; round < 2_000; round++)
        {
            var expected = new List<string>();
            var message = Random(random, expected, "", 0);
            if (message.Length == 0) continue;

            var (_, found) = Read(message);

            Assert.Empty(expected.Except(found));
        }
    }

    [Fact]
    public void DeepAndManyFields_AreBounded_AndTheRestIsSaid()
    {
        var deep = Text(1, Attack);
        for (var i = 0; i < 2_000; i++) deep = Bytes(1, deep);
        var fields = ProtobufLimits.Default.FieldsMax;
        var many = Enumerable.Range(0, fields + 50).SelectMany(_ => Text(1, "text")).ToArray();

        var (deepReading, _) = Read(deep);
        var (manyReading, manyFound) = Read(many);

        Assert.True(deepReading.UnreadBytes > 0);
        Assert.Equal(ExceededLimits.JsonDepth, deepReading.Exceeded);
        Assert.Equal(fields, manyFound.Count);
        Assert.Equal((4L * 50, ExceededLimits.Arguments), (manyReading.UnreadBytes, manyReading.Exceeded));
    }

    [Fact]
    public void NestingThatMakesMuchWork_IsBounded_AndSaid()
    {
        // Within the depth, but each level walks over the megabyte again.
        var message = Bytes(2, new byte[1 << 20]);
        for (var i = 0; i < 100; i++) message = Bytes(1, [.. message, 0x10, 0x01]);

        var (reading, _) = Read(message);

        Assert.Equal(ExceededLimits.JsonDepth, reading.Exceeded);
    }

    [Fact]
    public void AnyBytes_AreReadWithoutAnError()
    {
        var random = new Random(11);
        for (var round = 0; round < 20_000; round++)
        {
            var bytes = new byte[random.Next(0, 80)];
            random.NextBytes(bytes);
            foreach (var isCut in new[] { false, true })
            {
                var found = new List<ProtobufText>();
                ProtobufStrings.Read(bytes, isCut, ProtobufLimits.Default, found);
                Assert.All(found, text => Assert.InRange(text.Value.End.Value, text.Value.Start.Value, bytes.Length));
            }
        }
    }

    private static (ProtobufReading Reading, List<string> Found) Read(byte[] message)
    {
        var found = new List<ProtobufText>();
        var reading = ProtobufStrings.Read(message, isCut: false, ProtobufLimits.Default, found);
        return (reading, [.. found.Select(text => $"{text.Path}={Encoding.UTF8.GetString(message[text.Value])}")]);
    }

    private static byte[] Random(Random random, List<string> expected, string prefix, int depth)
    {
        var bytes = new List<byte>();
        for (var i = random.Next(1, 5); i > 0; i--)
        {
            var number = random.Next(1, 40);
            var path = prefix.Length == 0 ? $"{number}" : $"{prefix}.{number}";
            switch (random.Next(4))
            {
                case 0:
                    bytes.AddRange([.. Varint((ulong)number << 3), .. Varint((ulong)random.NextInt64(long.MaxValue))]);
                    break;
                case 1 when depth < 6:
                    // A field with a number beside: alone, a text within would make its message a text as well.
                    bytes.AddRange(Bytes(number, [0x08, 0x01, .. Random(random, expected, path, depth + 1)]));
                    break;
                default:
                    var text = $"text {random.Next()} {Attack}";
                    expected.Add($"{path}={text}");
                    bytes.AddRange(Text(number, text));
                    break;
            }
        }

        return [.. bytes];
    }

    private static byte[] Text(int number, string text) => Bytes(number, Encoding.UTF8.GetBytes(text));

    private static byte[] Bytes(int number, byte[] content) =>
        [.. Varint(((ulong)number << 3) | 2), .. Varint((ulong)content.Length), .. content];

    private static byte[] Varint(ulong value)
    {
        var bytes = new List<byte>();
        for (; value >= 0x80; value >>= 7) bytes.Add((byte)(value | 0x80));
        bytes.Add((byte)value);
        return [.. bytes];
    }
}
