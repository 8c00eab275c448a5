using System.Text;

namespace WafOperator.Proxy.Tests.Unseen;

/// <summary>Harmless content beside an attack: in the same value, and as other fields around it.</summary>
/// <param name="Before">Characters in front of the attack, in its own value.</param>
/// <param name="After">Characters behind it.</param>
/// <param name="FieldsBefore">Other fields in front.</param>
/// <param name="FieldsAfter">Other fields behind.</param>
internal readonly record struct Padding(int Before, int After, int FieldsBefore, int FieldsAfter)
{
    private static readonly int[] Lengths = [0, 0, 0, 20, 300, 5_000, 9_000, 70_000];
    private static readonly int[] Counts = [0, 0, 0, 1, 20, 300, 1_100];
    private static readonly string[] Words = ["green", "tea", "and", "cake", "for", "two", "people", "today"];

    /// <summary>Mostly none or little; now and then more than a limit takes.</summary>
    public static Padding Any(Random random)
    {
        var isHuge = random.Next(60) == 0;
        return new Padding(
            isHuge ? 1_200_000 : Lengths[random.Next(Lengths.Length)], Lengths[random.Next(Lengths.Length)],
            isHuge ? 0 : Counts[random.Next(Counts.Length)], Counts[random.Next(Counts.Length)]);
    }

    /// <summary>What fits a head: servers refuse longer ones.</summary>
    public static Padding Short(Random random) =>
        new(random.Next(60), random.Next(60), random.Next(120), random.Next(20));

    public string TextBefore(Random random) => Text(random, Before);

    public string TextAfter(Random random) => Text(random, After);

    public override string ToString() => $"{Before}+{After} letters, {FieldsBefore}+{FieldsAfter} fields";

    /// <summary>Letters only, so that it means the same in every syntax.</summary>
    private static string Text(Random random, int length)
    {
        if (length == 0) return "";
        var text = new StringBuilder(length + 8);
        while (text.Length < length) text.Append(Words[random.Next(Words.Length)]);
        return text.ToString(0, length);
    }
}
