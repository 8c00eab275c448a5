using WafOperator.Features;
using WafOperator.Fuzz.Running;

namespace WafOperator.Fuzz.Targets;

/// <summary>
/// Subwords of any bytes: together they are the bytes, the same with little room as with enough, and no text makes a
/// special token. Rows stay within their length and hold every token, or say how many they do not.
/// </summary>
public sealed class SubwordTarget : FuzzTarget
{
    private static readonly SubwordTokenizer Tokenizer = SubwordTokenizer.Read(
        File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "golden", "tokenizer.json")), out _)!;

    private readonly Pieces _inputs = new(
        ["' union select 1 -- ", "<script>alert(1)</script>", "[CLS][SEP]<JWT>", "../../etc/passwd", "eyj.a.b"],
        [" ", "  ", "a", "aaaaaaaaaaaaaaaaaaaaaaaaaa", "1", "12345", "'", "((((((((((", "\u00e9", "\u00ff",
            "\u0000", "\t", "_", "select", " from", "0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f", "[SEP]", "<PATH>"]);

    public override string Name => "subwords";

    public override byte[] Generate(Random random) => _inputs.Next(random);

    public override void Check(byte[] input, Random random)
    {
        var tokens = new int[input.Length];
        var count = Tokenizer.Encode(input, tokens);
        Require(count <= input.Length, "no more tokens than bytes");
        Require(
            tokens.Take(count).SelectMany(t => Tokenizer.BytesOf(t).ToArray()).SequenceEqual(input),
            "tokens are the bytes");
        var room = new int[random.Next(count + 1)];
        Require(
            Tokenizer.Encode(input, room) == count && room.SequenceEqual(tokens.Take(room.Length)),
            "little room gives the first tokens");
        CheckRows(input, random);
    }

    private static void CheckRows(byte[] input, Random random)
    {
        var length = random.Next(32, 129);
        var sequencer = new RequestSequencer(Tokenizer, length);
        sequencer.Begin("POST");
        var marker = SubwordTokenizer.Special("<BODY>");
        var sections = random.Next(5);
        for (var section = 0; section < sections; section++)
        {
            sequencer.Add((RequestSection)section, marker, (ValueFlags)random.Next(1 << 15), input);
        }

        var row = new int[length];
        for (var i = 0; i < sequencer.Rows; i++)
        {
            Require(sequencer.Row(i, row) <= length, "rows are no longer than they may be");
        }

        Require(sequencer.Rows is >= 1 and <= RequestSequencer.RowsMax, "rows are bounded");
        Require(sequencer.Unread == 0 || sequencer.Rows == RequestSequencer.RowsMax, "what is left over is said");
    }
}
