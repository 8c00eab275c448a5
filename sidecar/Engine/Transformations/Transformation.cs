using System.Collections.Frozen;

namespace WafOperator.Engine.Transformations;

/// <summary>
/// One transformation function of the rule language (t:name). Stateless, thread-safe and allocation-free; linear in its
/// input. Source: ModSecurity reference manual, "Transformation functions".
/// </summary>
/// <param name="name">The name as the manual spells it.</param>
public abstract class Transformation(string name)
{
    /// <summary>Returned by <see cref="Apply"/> when the input is already in its final form.</summary>
    public const int Unchanged = -1;

    private static readonly Transformation[] Ordered = Create();

    private static readonly FrozenDictionary<string, Transformation> ByName = Index();

    /// <summary>The name as the manual spells it.</summary>
    public string Name { get; } = name;

    /// <summary>A small number, dense from zero and stable within one build: the index in <see cref="All"/>.</summary>
    public int Id { get; private set; }

    /// <summary>Every transformation, by <see cref="Id"/>.</summary>
    public static IReadOnlyList<Transformation> All => Ordered;

    /// <summary>
    /// The transformation of that name in any case, either spelling of "normalise"; null when unknown.
    /// </summary>
    public static Transformation? Find(string name) => ByName.GetValueOrDefault(name);

    /// <summary>
    /// Bytes of which a value must hold at least one to be changed: a value without them is not handed to the function.
    /// Null where nothing can be said (any value may change, the empty one as well); none when nothing ever changes.
    /// </summary>
    internal virtual byte[]? Triggers => null;

    /// <summary>Nothing but the case of ASCII letters changes.</summary>
    internal virtual bool KeepsLetters => false;

    /// <summary>Applying it to its own output changes nothing.</summary>
    public virtual bool IsIdempotent => false;

    /// <summary>
    /// Most bytes <see cref="Apply"/> may write for an input of that length: the output's minimal size.
    /// </summary>
    public virtual int OutputMax(int inputLength) => inputLength;

    /// <summary>
    /// Returns the number of bytes written, or <see cref="Unchanged"/> when the input is already in its final form (the
    /// output then holds nothing meaningful).
    /// </summary>
    /// <param name="input">Any bytes.</param>
    /// <param name="output">At least <see cref="OutputMax"/> bytes; must not overlap the input.</param>
    public abstract int Apply(ReadOnlySpan<byte> input, Span<byte> output);

    /// <summary>Reports what was written, or that it equals the input.</summary>
    protected static int Finish(ReadOnlySpan<byte> input, ReadOnlySpan<byte> output, int written) =>
        written == input.Length && output[..written].SequenceEqual(input) ? Unchanged : written;

    private static Transformation[] Create()
    {
        Transformation[] all =
        [
            new None(), new Base64Decode(), new Base64DecodeExt(), new Base64Encode(), new CmdLine(),
            new CompressWhitespace(), new CssDecode(), new EscapeSeqDecode(), new HexDecode(), new HexEncode(),
            new HtmlEntityDecode(), new JsDecode(), new Length(), new Lowercase(), new Uppercase(), new Md5(),
                new Sha1(),
            new NormalizePath("normalizePath", isWindows: false),
            new NormalizePath("normalizePathWin", isWindows: true),
            new ParityEven7Bit(), new ParityOdd7Bit(), new ParityZero7Bit(), new RemoveComments(),
            new RemoveCommentsChar(), new RemoveNulls(), new RemoveWhitespace(), new ReplaceComments(),
            new ReplaceNulls(), new SqlHexDecode(), new Trim("trim", left: true, right: true),
            new Trim("trimLeft", left: true, right: false), new Trim("trimRight", left: false, right: true),
            new UrlDecode(), new UrlDecodeUni(), new UrlEncode(), new Utf8ToUnicode(),
        ];
        for (var i = 0; i < all.Length; i++) all[i].Id = i;
        return all;
    }

    private static FrozenDictionary<string, Transformation> Index()
    {
        var index = Ordered.ToDictionary(item => item.Name, StringComparer.OrdinalIgnoreCase);
        index["normalisePath"] = index["normalizePath"];
        index["normalisePathWin"] = index["normalizePathWin"];
        return index.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);
    }
}
