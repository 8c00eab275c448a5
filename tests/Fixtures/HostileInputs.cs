using System.Text;
using WafOperator.Matching;
using WafOperator.SecLang.Regex;

namespace WafOperator.Fixtures;

/// <summary>
/// Inputs that make backtracking matchers explode: one loop of the pattern turned many times, then an end that cannot
/// match.
/// </summary>
public static class HostileInputs
{
    /// <summary>Patterns known for it, with the text to repeat and the end that breaks the match.</summary>
    public static IReadOnlyList<(string Pattern, string Pump, string End)> Classics { get; } =
    [
        ("^(a+)+$", "a", "!"),
        ("^(a|aa)+$", "a", "!"),
        ("^(a|a?)+$", "a", "!"),
        ("(?:a|a)*b", "a", "c"),
        ("(.*a){12}b", "a", "!"),
        ("(x+x+)+y", "x", "!"),
        ("^(([a-z])+.)+[A-Z]([a-z])+$", "a", "!"),
        ("([a-zA-Z]+)*$\\z", "a", "1"),
        ("^(\\w+\\s?)*$\\z", "word ", "!"),
        (".*.*.*=.*", "x", ""),
        ("\\s+$\\z", " ", "x"),
        ("(?:.*,){11}P", "1,", ""),
        ("<(?:[^>\"']|\"[^\"]*\"|'[^']*')*>", "<\"'", ""),
        ("(?:(?:a*)*)*b", "a", "c"),
        ("(?=(a+))a*b\\1", "a", "c"),
        ("(a*)*\\1b", "a", "c"),
        ("(\\w+)\\s+\\1\\b", "word wort ", ""),
        ("(?<!a)(?:a|b|ab)*c", "ab", ""),
        ("(?:a?){50}(?:a){50}b", "a", ""),
        ("(?:a|b)*a(?:a|b){14}c", "abbab", ""),
        ("[\\s\\S]*?[\\s\\S]*?[\\s\\S]*?needle", "hay", ""),
        ("(?>(?:a+)+)b|(?:(?:a+)+)c", "a", "d"),
    ];

    public static byte[] Classic((string Pattern, string Pump, string End) item, int length)
    {
        var text = new StringBuilder();
        while (text.Length < length) text.Append(item.Pump);
        return Encoding.Latin1.GetBytes(text.Append(item.End).ToString());
    }

    /// <summary>
    /// For up to <paramref name="loopsMax"/> loops of a pattern an input that turns the loop to the end.
    /// </summary>
    public static IEnumerable<byte[]> Pumped(RegexNode root, int length, int loopsMax)
    {
        var loops = new List<RegexNode.Repeat>();
        Collect(root, loops);
        for (var index = 0; index < loops.Count; index += Math.Max(1, loops.Count / loopsMax))
        {
            var writer = new Writer(root, loops[index], length, new Random(index));
            writer.Append(root);
            yield return [.. writer.Output, (byte)'\u0001'];
        }
    }

    private static void Collect(RegexNode node, List<RegexNode.Repeat> loops)
    {
        switch (node)
        {
            case RegexNode.Repeat repeat:
                if (repeat.Max > 8) loops.Add(repeat);
                Collect(repeat.Body, loops);
                break;
            case RegexNode.Sequence sequence:
                foreach (var item in sequence.Items) Collect(item, loops);
                break;
            case RegexNode.Choice choice:
                foreach (var item in choice.Items) Collect(item, loops);
                break;
            case RegexNode.Capture capture:
                Collect(capture.Body, loops);
                break;
            case RegexNode.Atomic atomic:
                Collect(atomic.Body, loops);
                break;
        }
    }

    /// <summary>
    /// Writes a shortest match, except for the loop that is turned; goes through it wherever alternatives lead there.
    /// </summary>
    private sealed class Writer
    {
        private readonly HashSet<RegexNode> _path = new(ReferenceEqualityComparer.Instance);
        private readonly RegexNode.Repeat _pumped;
        private readonly int _length;
        private readonly Random _random;

        public Writer(RegexNode root, RegexNode.Repeat pumped, int length, Random random)
        {
            (_pumped, _length, _random) = (pumped, length, random);
            Mark(root);
        }

        public List<byte> Output { get; } = [];

        public void Append(RegexNode node)
        {
            switch (node)
            {
                case RegexNode.Set { Bytes: { IsEmpty: false } bytes }:
                    Output.Add(Pick(bytes));
                    break;
                case RegexNode.Sequence sequence:
                    foreach (var item in sequence.Items) Append(item);
                    break;
                case RegexNode.Choice choice:
                    var leading = choice.Items.FirstOrDefault(_path.Contains);
                    Append(leading ?? choice.Items[_random.Next(choice.Items.Length)]);
                    break;
                case RegexNode.Repeat repeat when ReferenceEquals(repeat, _pumped):
                    var before = -1;
                    for (var room = (long)repeat.Max; room > 0 && Output.Count is var now && now < _length; room--)
                    {
                        if (now == before) break;
                        before = now;
                        Append(repeat.Body);
                    }

                    break;
                case RegexNode.Repeat repeat:
                    var count = Math.Max(repeat.Min, _path.Contains(repeat.Body) && repeat.Max > 0 ? 1 : 0);
                    for (var copy = 0; copy < count; copy++) Append(repeat.Body);
                    break;
                case RegexNode.Capture capture:
                    Append(capture.Body);
                    break;
                case RegexNode.Atomic atomic:
                    Append(atomic.Body);
                    break;
            }
        }

        /// <summary>Notes the nodes that lead to the loop.</summary>
        private bool Mark(RegexNode node)
        {
            var leads = ReferenceEquals(node, _pumped) || node switch
            {
                RegexNode.Sequence sequence => sequence.Items.Any(Mark),
                RegexNode.Choice choice => choice.Items.Any(Mark),
                RegexNode.Repeat repeat => Mark(repeat.Body),
                RegexNode.Capture capture => Mark(capture.Body),
                RegexNode.Atomic atomic => Mark(atomic.Body),
                _ => false,
            };
            if (leads) _path.Add(node);
            return leads;
        }

        private static byte Pick(ByteSet bytes)
        {
            foreach (var symbol in "a1 ='\"(")
            {
                if (bytes.Contains((byte)symbol)) return (byte)symbol;
            }

            return (byte)bytes.First();
        }
    }
}
