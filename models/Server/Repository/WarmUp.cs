using WafOperator.Features;
using WafOperator.Models.Server.Batching;
using WafOperator.Models.Server.Values;
using WafOperator.OnnxRuntime;

namespace WafOperator.Models.Server.Repository;

/// <summary>
/// Runs each shape once before the first request does, so that allocations and kernel choices are not on its clock.
/// </summary>
internal static class WarmUp
{
    private const long ElementsMax = 1 << 20;

    /// <exception cref="OrtException">The model fails on values of every length.</exception>
    public static void Run(ServedModel model, BatchLimits limits)
    {
        if (model.TakesValues) RunValues(model, limits);
        else if (model.Tokenizer is { } tokenizer) RunRows(model, limits, tokenizer.Count - 1);
        else RunOnes(model);
    }

    private static void RunValues(ServedModel model, BatchLimits limits)
    {
        var value = new byte[CnnTokenizer.WindowBytes];
        Array.Fill(value, (byte)'a');
        foreach (var length in new[] { 1, 20, 40, 56, 80, 110, 150, CnnTokenizer.WindowBytes })
        {
            foreach (var rows in new[] { 1, Math.Clamp(limits.BatchTokensMax / CnnTokenizer.TokensMax, 1, 64) })
            {
                var batch = new ValueRows(model, limits);
                for (var i = 0; i < rows; i++) batch.Add(value.AsSpan(0, length), ValueFlags.None);
                foreach (var part in batch.ToParts()) model.Run([part]);
            }
        }
    }

    /// <summary>
    /// Rows of every length, of the vocabulary's last token: a network for fewer tokens, or for shorter rows, would
    /// else fail on requests that a client chooses.
    /// </summary>
    private static void RunRows(ServedModel model, BatchLimits limits, int last)
    {
        var most = model.Manifest.RowTokens;
        var row = new int[most];
        Array.Fill(row, last);
        const int step = RequestRows.LengthStep;
        for (var length = step; length < most + step; length += step)
        {
            foreach (var rows in new[] { 1, Math.Clamp(limits.BatchTokensMax / most, 1, RequestSequencer.RowsMax) })
            {
                var batch = new TokenRows(model, limits);
                for (var i = 0; i < rows; i++) batch.Add(row.AsSpan(0, Math.Min(length, most)), i);
                foreach (var part in batch.ToParts()) model.Run([part]);
            }
        }
    }

    /// <summary>
    /// One row of zeros with every free dimension 1: a guess that a model may refuse, so a failure says nothing.
    /// </summary>
    private static void RunOnes(ServedModel model)
    {
        var shapes = model.Inputs
            .Select(i => i.Shape.Skip(model.IsBatchable ? 1 : 0).Select(d => Math.Max(1, d)).ToArray())
            .ToList();
        var elements = shapes.Select(s => s.Aggregate(1L, (a, b) => a * b)).ToList();
        if (elements.Any(e => e is < 0 or > ElementsMax)) return;
        var inputs = model.Inputs
            .Select((input, i) => (ReadOnlyMemory<byte>)new byte[elements[i] * OrtRawTensor.SizeOf(input.ElementType)])
            .ToList();
        try
        {
            model.Run([new JobPart(model.ShapeOf(shapes), 1, inputs)]);
        }
        catch (OrtException)
        {
            // Other shapes may well run.
        }
    }
}
