using System.Globalization;
using System.Text;

namespace WafOperator.Proxy.Tests.Unseen;

/// <summary>Encodings of a text that applications undo, by the syntax around it, letter by letter.</summary>
internal static class Encodings
{
    /// <summary>Percent escapes: none, some or all letters, upper or lower case digits.</summary>
    public static string Percent(Random random, string text) =>
        PerLetter(random, text, letter => random.Next(2) == 0 ? $"%{(int)letter:X2}" : $"%{(int)letter:x2}");

    /// <summary>Escapes of JSON strings.</summary>
    public static string Json(Random random, string text) =>
        PerLetter(random, text, letter => random.Next(2) == 0 ? $"\\u{(int)letter:x4}" : $"\\u{(int)letter:X4}");

    /// <summary>Code points in braces, as GraphQL and JavaScript take them.</summary>
    public static string Braced(Random random, string text) => PerLetter(random, text, letter =>
        $"\\u{{{new string('0', random.Next(3))}{(int)letter:x}}}");

    /// <summary>Escapes of YAML and Python.</summary>
    public static string Hex(Random random, string text) => PerLetter(random, text, letter =>
        random.Next(2) == 0 ? $"\\x{(int)letter:x2}" : $"\\U{(int)letter:x8}");

    /// <summary>Character references of XML, decimal and hexadecimal, now and then with zeros in front.</summary>
    public static string Xml(Random random, string text) => PerLetter(random, text, letter =>
    {
        var zeros = new string('0', random.Next(5) == 0 ? random.Next(30) : 0);
        return random.Next(2) == 0 ? $"&#x{zeros}{(int)letter:x};" : $"&#{zeros}{(int)letter};";
    });

    /// <summary>Escapes of quoted cookies.</summary>
    public static string Octal(Random random, string text) => PerLetter(random, text, letter =>
        random.Next(3) == 0 ? $"\\{letter}" : "\\" + Convert.ToString(letter, 8).PadLeft(3, '0'));

    /// <summary>Base64 in either alphabet, with or without its padding.</summary>
    public static string Base64(Random random, string text)
    {
        var encoded = Convert.ToBase64String(Encoding.Latin1.GetBytes(text));
        if (random.Next(2) == 0) encoded = encoded.Replace('+', '-').Replace('/', '_');
        return random.Next(2) == 0 ? encoded.TrimEnd('=') : encoded;
    }

    /// <summary>Letters in both cases: applications compare without regard to it.</summary>
    public static string MixedCase(Random random, string text) =>
        string.Concat(text.Select(letter =>
            random.Next(2) == 0 ? char.ToUpper(letter, CultureInfo.InvariantCulture) : letter));

    private static string PerLetter(Random random, string text, Func<char, string> escape)
    {
        var share = random.Next(3);
        var result = new StringBuilder();
        foreach (var letter in text)
        {
            if (share == 2 || (share == 1 && random.Next(3) == 0)) result.Append(escape(letter));
            else result.Append(letter);
        }

        return result.ToString();
    }
}
