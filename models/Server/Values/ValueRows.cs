using System.Runtime.InteropServices;
using WafOperator.Features;
using WafOperator.Models.Server.Batching;
using WafOperator.Models.Server.Repository;

namespace WafOperator.Models.Server.Values;

/// <summary>
/// Values as rows of tokens: each value's windows, tokenised; padding is part of the model's input. Afterwards the
/// logits: the highest of each value's windows. One request's; not thread-safe.
/// </summary>
internal sealed class ValueRows(ServedModel model, BatchLimits limits)
{
    private readonly TokenRows _rows = new(model, limits);
    private readonly int[] _tokens = new int[CnnTokenizer.TokensMax];
    private int _count;

    /// <summary>Padded tokens so far.</summary>
    public long Tokens => _rows.Tokens;

    /// <summary>Adds the next value.</summary>
    public void Add(ReadOnlySpan<byte> normalized, ValueFlags flags)
    {
        var windows = CnnTokenizer.WindowCount(normalized.Length);
        for (var i = 0; i < windows; i++)
        {
            var window = normalized[CnnTokenizer.Window(normalized.Length, i)];
            var length = CnnTokenizer.Tokenize(window, flags, _tokens);
            _rows.Add(_tokens.AsSpan(0, length), _count);
        }

        _count++;
    }

    /// <summary>The rows, once all values were added.</summary>
    public IReadOnlyList<JobPart> ToParts() => _rows.ToParts();

    /// <summary>One logit a value, when all parts have their outputs.</summary>
    public float[] Logits()
    {
        var logits = new float[_count];
        Array.Fill(logits, float.NegativeInfinity);
        foreach (var (part, owners) in _rows.Owned)
        {
            var output = MemoryMarshal.Cast<byte, float>(part.Outputs[0].Data.AsSpan());
            for (var row = 0; row < owners.Count; row++)
                logits[owners[row]] = Math.Max(logits[owners[row]], output[row]);
        }

        return logits;
    }
}
