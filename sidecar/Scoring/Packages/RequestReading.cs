using System.Diagnostics;
using System.Text;
using WafOperator.Features;
using WafOperator.Http;
using WafOperator.OnnxRuntime;
using WafOperator.Protocols.Models;
using WafOperator.Scoring.Parts;

namespace WafOperator.Scoring.Packages;

/// <summary>What a model of whole requests says, of the row that looks worst.</summary>
/// <param name="Logit">Log-odds that the request is an attack, before calibration.</param>
/// <param name="Uncertainty">Width of that answer, in log-odds.</param>
/// <param name="Family">Number of the family among the manifest's.</param>
/// <param name="Type">Number of the type among the manifest's; -1 for a family without types.</param>
/// <param name="IsWhole">Every row of the request was read.</param>
internal readonly record struct RequestAnswer(double Logit, double Uncertainty, int Family, int Type, bool IsWhole);

/// <summary>
/// One request as a model of whole requests reads it: its parts as training cut them (models/training/wafml/parts.py
/// and sequences.py), and the rows that they make. Bounded by the rows of <see cref="RequestSequencer"/> and by work;
/// what is left out is said. Reused; not thread-safe.
/// </summary>
internal sealed class RequestReading(RequestModel model, SubwordTokenizer tokenizer) : IDisposable
{
    /// <summary>Rows are padded to a multiple, as in training: padding changes nothing.</summary>
    private const int LengthStep = 16;

    private const int MethodLengthMax = 16;

    private static readonly int PathMarker = SubwordTokenizer.Special("<PATH>");
    private static readonly int Query = SubwordTokenizer.Special("<PARAM_VALUE>");
    private static readonly int Name = SubwordTokenizer.Special("<PARAM_NAME>");
    private static readonly int Cookie = SubwordTokenizer.Special("<COOKIE>");
    private static readonly int Header = SubwordTokenizer.Special("<HEADER>");
    private static readonly int Agent = SubwordTokenizer.Special("<USER_AGENT>");
    private static readonly int Referer = SubwordTokenizer.Special("<REFERER>");
    private static readonly int ContentType = SubwordTokenizer.Special("<CONTENT_TYPE>");
    private static readonly int Form = SubwordTokenizer.Special("<FORM>");
    private static readonly int Json = SubwordTokenizer.Special("<JSON>");
    private static readonly int Xml = SubwordTokenizer.Special("<XML>");
    private static readonly int Multipart = SubwordTokenizer.Special("<MULTIPART>");
    private static readonly int Body = SubwordTokenizer.Special("<BODY>");

    private readonly RequestSequencer _sequencer = new(tokenizer, model.Manifest.RowTokens);
    private readonly byte[] _text = new byte[ValueNormalizer.ValueBytesMax];
    private readonly int[] _row = new int[model.Manifest.RowTokens];
    private readonly RequestModel.RowRun?[] _runs = new RequestModel.RowRun?[
        (model.Manifest.RowTokens + LengthStep - 1) / LengthStep + 1];
    private bool _isCut;

    public void Begin(ReadOnlySpan<byte> method)
    {
        Span<char> text = stackalloc char[MethodLengthMax];
        var length = method.Length <= MethodLengthMax ? Encoding.Latin1.GetChars(method, text) : 0;
        _sequencer.Begin(text[..length]);
        _isCut = false;
    }

    /// <summary>Says that parts were left out.</summary>
    public void Cut() => _isCut = true;

    /// <summary>
    /// Adds a part, in the order of <see cref="RequestParts"/>; returns the bytes that were read for it.
    /// </summary>
    public int Add(CanonicalRequest request, in RequestPart part)
    {
        var value = request[part.Value];
        // Training data has no headers of parts; models of values are shown them.
        if (part.Kind is PartKind.PartHeader || !PartRules.IsWorthScoring(request, part)) return 0;
        if (_sequencer.Unread > 0)
        {
            // All that there is room for is there already.
            _isCut = true;
            return 0;
        }

        var (section, marker) = PlaceOf(request, part);
        var read = 0;
        if (PartRules.HasClientName(part.Kind)
            && PartRules.FirstOddName(part.Kind, request[part.Name]) is { IsEmpty: false } name)
        {
            name = Bounded(name);
            var written = ValueNormalizer.Normalize(name, _text, out var odd);
            _sequencer.Add(section, Name, odd, _text.AsSpan(0, written));
            read += name.Length;
        }

        value = Bounded(value);
        var length = PartRules.Normalize(part.Kind, value, _text, out var flags);
        if (!ValueNormalizer.IsPlain(_text.AsSpan(0, length), flags))
            _sequencer.Add(section, marker, flags, _text.AsSpan(0, length));
        return read + value.Length;
    }

    /// <summary>Runs the rows, in their order, while there is work left for them.</summary>
    /// <param name="workLeft">Units of work that may still be done; less when it returns.</param>
    /// <param name="unitsPerToken">Units that a row costs for each of its tokens.</param>
    /// <param name="deadline">No row is begun after it: a network may be slower than its work was counted.</param>
    /// <returns>The worst row's answer; null where not even one could be run.</returns>
    /// <exception cref="OrtException">A run failed, or gave numbers that are none.</exception>
    public RequestAnswer? Run(ref long workLeft, long unitsPerToken, long deadline)
    {
        RequestAnswer? worst = null;
        var rows = _sequencer.Rows;
        var done = 0;
        for (; done < rows && workLeft > 0 && Stopwatch.GetTimestamp() <= deadline; done++)
        {
            var length = _sequencer.Row(done, _row);
            var run = RunOf(PaddedTo(length, _row.Length));
            run.Run(_row.AsSpan(0, length));
            workLeft -= unitsPerToken * length;
            if (!double.IsFinite(run.Logit) || !double.IsFinite(run.Uncertainty))
                throw new OrtException("the network's answer is no number");
            if (worst is null || run.Logit > worst.Value.Logit) worst = AnswerOf(run);
        }

        var isWhole = done == rows && _sequencer.Unread == 0 && !_isCut;
        return worst is { } answer ? answer with { IsWhole = isWhole } : null;
    }

    /// <summary>Runs a row of each padded length, of one token over and over.</summary>
    /// <exception cref="OrtException">A run failed.</exception>
    public void RunEveryLength(int last)
    {
        Array.Fill(_row, last);
        for (var length = LengthStep; length < _row.Length; length += LengthStep)
            RunOf(length).Run(_row.AsSpan(0, length));
        RunOf(_row.Length).Run(_row);
    }

    public void Dispose()
    {
        foreach (var run in _runs) run?.Dispose();
    }

    private static int PaddedTo(int length, int most) =>
        Math.Min(most, (length + LengthStep - 1) / LengthStep * LengthStep);

    private RequestModel.RowRun RunOf(int length) =>
        _runs[(length + LengthStep - 1) / LengthStep] ??= model.RunOf(length);

    /// <summary>The likeliest family, and of its types the likeliest.</summary>
    private RequestAnswer AnswerOf(RequestModel.RowRun run)
    {
        var manifest = model.Manifest;
        var families = run.Families;
        var types = run.Types;
        var family = 0;
        for (var i = 1; i < families.Length; i++)
        {
            if (families[i] > families[family]) family = i;
        }

        var type = -1;
        for (var i = 0; i < types.Length; i++)
        {
            var isOfIt = RequestContract.FamilyOf(manifest.Types[i]).SequenceEqual(manifest.Families[family]);
            if (isOfIt && (type < 0 || types[i] > types[type])) type = i;
        }

        return new RequestAnswer(run.Logit, run.Uncertainty, family, type, IsWhole: false);
    }

    private ReadOnlySpan<byte> Bounded(ReadOnlySpan<byte> value)
    {
        _isCut |= value.Length > _text.Length;
        return value[..Math.Min(value.Length, _text.Length)];
    }

    private static (RequestSection Section, int Marker) PlaceOf(CanonicalRequest request, in RequestPart part) =>
        part.Kind switch
        {
            PartKind.Path => (RequestSection.Path, PathMarker),
            PartKind.QueryArgument => (RequestSection.Query, Query),
            PartKind.Header => (RequestSection.Headers, HeaderMarker(request[part.Name])),
            PartKind.Cookie => (RequestSection.Headers, Cookie),
            PartKind.BodyArgument when request.Processor is BodyFormat.Multipart => (RequestSection.Body, Multipart),
            PartKind.BodyArgument when request[part.Name].StartsWith("json."u8) => (RequestSection.Body, Json),
            PartKind.BodyArgument => (RequestSection.Body, Form),
            PartKind.XmlText or PartKind.XmlAttribute => (RequestSection.Body, Xml),
            PartKind.FileName => (RequestSection.Body, Multipart),
            _ => (RequestSection.Body, part.Name.IsEmpty ? Body : Multipart),
        };

    private static int HeaderMarker(ReadOnlySpan<byte> lowerName) =>
        lowerName.SequenceEqual("user-agent"u8) ? Agent
        : lowerName.SequenceEqual("referer"u8) ? Referer
        : lowerName.SequenceEqual("content-type"u8) ? ContentType
        : Header;
}
