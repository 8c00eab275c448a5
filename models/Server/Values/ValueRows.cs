using System.Runtime.InteropServices;
using WafOperator.Features;
using WafOperator.Models.Server.Batching;
using WafOperator.Models.Server.Repository;

namespace WafOperator.Models.Server.Values;

/// <summary>
/// Values as rows of tokens: each value's windows, tokenised, grouped by padded length (padding is part of the
/// model's input, so rows of different lengths never share a batch) and cut where a batch ends. Afterwards the
/// logits: the highest of each value's windows. One request's; not thread-safe.
/// </summary>
internal sealed class ValueRows(ServedModel model, BatchLimits limits)
{
    private readonly Dictionary<int, RowGroup> _open = [];
    private readonly List<(JobPart Part, List<int> Owners)> _parts = [];
    private readonly int[] _tokens = new int[CnnTokenizer.TokensMax];
    private int _count;

    /// <summary>Padded tokens so far.</summary>
    public long Tokens { get; private set; }

    /// <summary>Adds the next value.</summary>
    public void Add(ReadOnlySpan<byte> normalized, ValueFlags flags)
    {
        var windows = CnnTokenizer.WindowCount(normalized.Length);
        for (var i = 0; i < windows; i++)
        {
            var window = normalized[CnnTokenizer.Window(normalized.Length, i)];
            var length = CnnTokenizer.Tokenize(window, flags, _tokens);
            if (!_open.TryGetValue(length, out var group)) _open[length] = group = new RowGroup(length);
            group.Add(_tokens.AsSpan(0, length), model.HasWideTokens, _count);
            Tokens += length;
            if ((group.Owners.Count + 1) * length > limits.BatchTokensMax || group.Owners.Count >= limits.BatchRowsMax)
                Close(group);
        }

        _count++;
    }

    /// <summary>The rows, once all values were added.</summary>
    public IReadOnlyList<JobPart> ToParts()
    {
        foreach (var group in _open.Values.ToArray()) Close(group);
        return [.. _parts.Select(p => p.Part)];
    }

    /// <summary>One logit a value, when all parts have their outputs.</summary>
    public float[] Logits()
    {
        var logits = new float[_count];
        Array.Fill(logits, float.NegativeInfinity);
        foreach (var (part, owners) in _parts)
        {
            var output = MemoryMarshal.Cast<byte, float>(part.Outputs[0].Data.AsSpan());
            for (var row = 0; row < owners.Count; row++)
                logits[owners[row]] = Math.Max(logits[owners[row]], output[row]);
        }

        return logits;
    }

    private void Close(RowGroup group)
    {
        _open.Remove(group.Length);
        var part = new JobPart(model.TokenShape(group.Length), group.Owners.Count, [group.Data.WrittenMemory]);
        _parts.Add((part, group.Owners));
    }

    private sealed class RowGroup(int length)
    {
        public int Length { get; } = length;

        public System.Buffers.ArrayBufferWriter<byte> Data { get; } = new(length * sizeof(long));

        /// <summary>Value that each row is a window of.</summary>
        public List<int> Owners { get; } = [];

        public void Add(ReadOnlySpan<int> tokens, bool isWide, int owner)
        {
            Owners.Add(owner);
            var bytes = tokens.Length * (isWide ? sizeof(long) : sizeof(int));
            var span = Data.GetSpan(bytes)[..bytes];
            if (isWide)
            {
                var wide = MemoryMarshal.Cast<byte, long>(span);
                for (var i = 0; i < tokens.Length; i++) wide[i] = tokens[i];
            }
            else
            {
                tokens.CopyTo(MemoryMarshal.Cast<byte, int>(span));
            }

            Data.Advance(bytes);
        }
    }
}
