using System.Diagnostics;
using System.Text;
using WafOperator.Features;
using WafOperator.OnnxRuntime;
using WafOperator.Protocols.Inference;
using WafOperator.Protocols.Models;

namespace WafOperator.Scoring.Packages;

/// <summary>What a model of whole requests says, of the row that looks worst.</summary>
/// <param name="Logit">Log-odds that the request is an attack, before calibration.</param>
/// <param name="Uncertainty">Width of that answer, in log-odds.</param>
/// <param name="Family">Number of the family among the manifest's.</param>
/// <param name="Type">Number of the type among the manifest's; -1 for a family without types.</param>
/// <param name="IsWhole">Every row of the request was read.</param>
internal readonly record struct RequestAnswer(double Logit, double Uncertainty, int Family, int Type, bool IsWhole);

/// <summary>
/// One request as a model of whole requests in this process reads it: the rows that its parts make, as in training
/// (models/training/wafml/sequences.py). Bounded by the rows of <see cref="RequestSequencer"/> and by work; what is
/// left out is said. Reused; not thread-safe.
/// </summary>
internal sealed class RequestReading(RequestModel model, SubwordTokenizer tokenizer) : RequestText, IDisposable
{
    /// <summary>Rows are padded to a multiple, as in training: padding changes nothing.</summary>
    private const int LengthStep = 16;

    private const int MethodLengthMax = CompactWholeRequest.MethodBytesMax;

    private readonly RequestSequencer _sequencer = new(tokenizer, model.Manifest.RowTokens);
    private readonly int[] _row = new int[model.Manifest.RowTokens];
    private readonly RequestModel.RowRun?[] _runs = new RequestModel.RowRun?[
        (model.Manifest.RowTokens + LengthStep - 1) / LengthStep + 1];

    public void Begin(ReadOnlySpan<byte> method)
    {
        Span<char> text = stackalloc char[MethodLengthMax];
        var length = method.Length <= MethodLengthMax ? Encoding.Latin1.GetChars(method, text) : 0;
        _sequencer.Begin(text[..length]);
        Clear();
    }

    protected override bool IsFull => _sequencer.Unread > 0;

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

        var isWhole = done == rows && _sequencer.Unread == 0 && !IsCut;
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
        var (family, type) = RequestContract.Likeliest(model.Manifest, run.Families, run.Types);
        return new RequestAnswer(run.Logit, run.Uncertainty, family, type, IsWhole: false);
    }

    protected override void Take(
        RequestSection section, int marker, ValueFlags flags, ReadOnlySpan<byte> normalized) =>
        _sequencer.Add(section, marker, flags, normalized);
}
