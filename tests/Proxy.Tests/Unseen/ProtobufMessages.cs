using System.Text;

namespace WafOperator.Proxy.Tests.Unseen;

/// <summary>
/// Messages of protocol buffers with a text somewhere in them, as libraries write them and as they still read them:
/// numbers longer than need be, groups, unknown fields of all kinds.
/// </summary>
internal static class ProtobufMessages
{
    private const int Varint = 0, Fixed64 = 1, Delimited = 2, GroupStart = 3, GroupEnd = 4, Fixed32 = 5;

    /// <summary>The text in any place, among other fields.</summary>
    public static (string Name, byte[] Message) Any(Random random, Padding padding, string text)
    {
        var (name, field) = Place(random, text);
        using var message = new MemoryStream();
        for (var i = 0; i < padding.FieldsBefore; i++) message.Write(Other(random));
        message.Write(field);
        for (var i = 0; i < padding.FieldsAfter; i++) message.Write(Other(random));
        return (name, message.ToArray());
    }

    public static byte[] Field(int number, string text) => Field(number, Encoding.Latin1.GetBytes(text));

    private static (string Name, byte[] Field) Place(Random random, string text)
    {
        var number = random.Next(3) == 0 ? random.Next(16, 20_000) : random.Next(1, 16);
        var inner = Field(number, text);
        switch (random.Next(9))
        {
            case 0: return ("key of a map", Field(3, [.. Field(1, text), .. Field(2, "tea")]));
            case 1: return ("value of a map", Field(3, [.. Field(1, "tea"), .. Field(2, text)]));
            case 2:
                return ("group", [.. Number(4 << 3 | GroupStart), .. inner, .. Number(4 << 3 | GroupEnd)]);
            case 3: return ("long numbers", Long(random, number, Encoding.Latin1.GetBytes(text)));
            case 4:
                return ("any", Field(1, [.. Field(1, "type.googleapis.com/own.Thing"), .. Field(2, inner)]));
            case 5:
                var json = $"{{\"q\":\"{Encodings.Json(random, text)}\"}}";
                return ("JSON in a field", Field(number, json));
            case 6: return ("repeated", [.. Field(number, "tea"), .. inner, .. Field(number, "cake")]);
            case 7:
                var depth = random.Next(4) == 0 ? random.Next(10, 40) : random.Next(1, 8);
                for (var i = 0; i < depth; i++) inner = Field(random.Next(1, 16), [.. inner, .. Field(2, "tea")]);
                return ($"{depth} deep", inner);
            default: return ("field", inner);
        }
    }

    /// <summary>Tag and length with zeros behind them, which all libraries read, or bits that some leave out.</summary>
    private static byte[] Long(Random random, int number, byte[] content)
    {
        var beyond = random.Next(3) == 0 ? 1UL << 32 : 0;
        return
        [
            .. Padded((ulong)(number << 3 | Delimited), random.Next(5)),
            .. Padded((uint)content.Length | beyond, random.Next(3)), .. content,
        ];
    }

    private static byte[] Padded(ulong value, int zeros)
    {
        byte[] bytes = [.. Number(value)];
        for (var i = 0; i < zeros && bytes.Length < 10; i++)
        {
            bytes[^1] |= 0x80;
            bytes = [.. bytes, 0];
        }

        return bytes;
    }

    private static byte[] Other(Random random) => random.Next(6) switch
    {
        0 => [.. Number(5 << 3 | Varint), .. Number((ulong)random.NextInt64())],
        1 => [.. Number(6 << 3 | Fixed64), .. new byte[8]],
        2 => [.. Number(7 << 3 | Fixed32), 1, 2, 3, 4],
        3 => Field(8, [1, 2, 3, 4, 5, 6, 7]),
        4 => Field(9, [.. Field(1, "tea")]),
        _ => Field(10, "cake"),
    };

    private static byte[] Field(int number, byte[] content) =>
        [.. Number((ulong)(number << 3 | Delimited)), .. Number((ulong)content.Length), .. content];

    private static IEnumerable<byte> Number(ulong value)
    {
        for (; value >= 0x80; value >>= 7) yield return (byte)(value | 0x80);
        yield return (byte)value;
    }
}
