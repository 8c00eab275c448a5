using WafOperator.Engine.Transformations;
using WafOperator.Fuzz.Running;

namespace WafOperator.Fuzz.Targets;

/// <summary>
/// Every transformation on every input: within the declared bound, "unchanged" only when it is, the same each time,
/// and a second application changes nothing where that is promised.
/// </summary>
public sealed class TransformationTarget : FuzzTarget
{
    private readonly Pieces _inputs = new(
        ["<a href=&#106;avascript:x>", "1'/**/union/**/select%20%u0027", "..\\..//./a/../b", "\\u0041\\x41\\101\\n",
            "aGVsbG8="],
        ["%41", "%u0041", "%uff1c", "%", "+",
            "\\", "\\x4", "\\u004", "\\101", "\\ff1c ", "/*", "*/", "<!--", "-->", "--", "#", "&lt;",
         "&#60", "&#x", "&colon;", "0x41", "0x", "../", "./", "//",
             "\\..\\", " ", "\t", "\u00a0", "\u0000", "A", "z", "=", "QUJD",
         "-_", "'", "\"", "(", "/", ";", ",", "\n", "\u00c3\u00a9", "\u00c0\u00af", "\u00f4\u0090\u0080\u0080", "^"]);

    public override string Name => "transformations";

    public override byte[] Generate(Random random) => _inputs.Next(random);

    public override void Check(byte[] input, Random random)
    {
        foreach (var transformation in Transformation.All)
        {
            var once = Apply(transformation, input);
            if (once is null) continue;
            Require(transformation.Name is "md5" or "sha1"
                || !once.AsSpan().SequenceEqual(input), $"{transformation.Name} reports truly");
            if (transformation.IsIdempotent)
                Require(Apply(transformation, once) is null, $"{transformation.Name} twice is once");
        }
    }

    private static byte[]? Apply(Transformation transformation, byte[] input)
    {
        var output = new byte[transformation.OutputMax(input.Length)];
        var written = transformation.Apply(input, output);
        return written == Transformation.Unchanged ? null : output[..written];
    }
}
