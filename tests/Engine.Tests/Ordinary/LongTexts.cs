using System.Globalization;
using System.Text;

namespace WafOperator.Engine.Tests.Ordinary;

/// <summary>
/// Long texts as people save them (a wiki page, a theme's style sheet, a dump), made from a seed: dense in what rules
/// look at, and no attack.
/// </summary>
internal static class LongTexts
{
    private static readonly string[] Words =
        ("the of and tea cup garden select order update from where group table user name set value open "
        + "file read write system exec run shell script style link image list item page post print echo "
        + "return function class public static void string number date time version server client request "
        + "response header body query path license copyright warranty don't it's \"quoted\" (see) 1.5 2026 "
        + "a/b end. Then, begin; note: yes!").Split(' ');

    /// <summary>Names of the kinds, for theories.</summary>
    public static readonly IReadOnlyDictionary<string, Func<Random, string>> Kinds =
        new Dictionary<string, Func<Random, string>>
        {
            ["prose"] = random => Phrase(random, 14) + ". ",
            ["Markdown"] = random => $"## {Phrase(random, 3)}\n\n* `{Word(random)} --{Word(random)}` "
                + $"{Phrase(random, 9)}\n"
                + $"[{Word(random)}](https://{Word(random)}.example/{Word(random)}#{Word(random)})\n\n",
            ["style sheet"] = random => $".{Letters(random)}-{Letters(random)} > a:hover::before, "
                + $"#{Letters(random)} {{\n"
                + $"\tcontent: \"\\f1{random.Next(10, 99)}\"; margin: 0 -{random.Next(9)}px; "
                + $"/* {Phrase(random, 4)} */\n\tbackground: url(\"data:image/svg+xml,%3Csvg%3E\") no-repeat; "
                + $"color: #{random.Next(100, 999)};\n}}\n",
            ["markup"] = random => $"<div class=\"{Letters(random)}\" id='{Letters(random)}'><p>{Phrase(random, 8)}</p>"
                + $"<a href=\"/{Letters(random)}?id={random.Next(99)}&amp;page=2\">{Phrase(random, 2)}</a><br />\n",
            ["source code"] = random => $"    if ({Letters(random)}[{random.Next(9)}] == \"{Word(random)}\" "
                + $"&& !{Letters(random)}.{Letters(random)}()) {{ return {Letters(random)}({random.Next(99)}, "
                + $"'{Letters(random)}'); }} // {Phrase(random, 5)}\n",
            ["dump"] = random => $"INSERT INTO `{Letters(random)}` VALUES ({random.Next(9999)},"
                + $"'{Phrase(random, 5).Replace('\'', ' ')}',"
                + $"NULL,'2026-11-29 10:{random.Next(10, 59)}:00');\n",
            ["access log"] = random => $"192.0.2.{random.Next(255)} - - "
                + $"[29/Nov/2026:10:{random.Next(10, 59)}:00 +0000] "
                + $"\"GET /{Letters(random)}/{Letters(random)}.php?id={random.Next(99)} HTTP/1.1\" 200 "
                + $"{random.Next(9999)} \"-\" \"Mozilla/5.0\"\n",
        };

    /// <summary>A text of a kind, of at least so many characters.</summary>
    public static string Make(string kind, int length)
    {
        var random = new Random(kind.Length);
        var text = new StringBuilder();
        while (text.Length < length) text.Append(Kinds[kind](random));
        return text.ToString();
    }

    private static string Word(Random random) => Words[random.Next(Words.Length)];

    private static string Phrase(Random random, int words) =>
        string.Join(' ', Enumerable.Range(0, words).Select(_ => Word(random)));

    private static string Letters(Random random) => string.Create(CultureInfo.InvariantCulture,
        $"{Letter(random)}{Letter(random)}{Letter(random)}{random.Next(99)}");

    private static char Letter(Random random) => (char)('a' + random.Next(26));
}
