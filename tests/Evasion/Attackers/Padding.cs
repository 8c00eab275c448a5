using System.Text;

namespace WafOperator.Evasion.Attackers;

/// <summary>Harmless text as people and programs write it.</summary>
internal static class Padding
{
    private static readonly string[] Words =
    [
        "the", "garden", "was", "full", "of", "apples", "and", "people", "who", "had", "come", "for", "a", "quiet",
            "afternoon",
        "with", "their", "children", "please", "send", "my", "order", "to", "new", "address", "thank", "you", "very",
            "much",
        "meeting", "on", "monday", "about", "the", "budget", "2026", "invoice", "number", "4711", "weather", "is",
            "fine",
    ];

    private static readonly string[] Data =
    [
        "name,price,stock\nchair,49.90,12\n", "color: green\nsize: 42\n", "## Notes\n\n- first item\n- second item\n",
        "lorem ipsum dolor sit amet, ", "Guten Tag, vielen Dank. ", "2026-11-30 12:00:00 INFO started\n",
            "{\"a\": 1, \"b\": 2} ",
        "https://shop.example/items/4711 ", "aGVsbG8gd29ybGQ= ", "0123456789 ", "Dear Sir or Madam,\n\n",
    ];

    private static readonly string[] Joints = [" ", "\n", ", ", ". ", ": ", "\n\n", " - ", "; ", "\t"];

    /// <summary>The attack with so many characters of text before it, behind it or on both sides.</summary>
    public static string Beside(string attack, int length, Random random)
    {
        var joint = Joints[random.Next(Joints.Length)];
        return random.Next(3) switch
        {
            0 => Text(length, random) + joint + attack,
            1 => attack + joint + Text(length, random),
            _ => Text(length / 2, random) + joint + attack + joint + Text(length - (length / 2), random),
        };
    }

    /// <summary>About so many characters.</summary>
    public static string Text(int length, Random random)
    {
        var isData = random.Next(3) == 0;
        var text = new StringBuilder();
        while (text.Length < length)
        {
            if (isData) text.Append(Data[random.Next(Data.Length)]);
            else text.Append(Words[random.Next(Words.Length)]).Append(random.Next(12) == 0 ? ". " : " ");
        }

        return text.ToString(0, length).Trim();
    }
}
