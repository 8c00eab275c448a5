using System.Buffers;
using System.Runtime.InteropServices;
using WafOperator.Models.Server.Batching;
using WafOperator.Models.Server.Repository;

namespace WafOperator.Models.Server.Values;

/// <summary>
/// Rows of tokens, grouped by padded length (rows of different lengths never share a batch) and cut where a batch
/// ends; each row remembers what it is of. One request's; not thread-safe.
/// </summary>
internal sealed class TokenRows(ServedModel model, BatchLimits limits)
{
    private readonly Dictionary<int, RowGroup> _open = [];
    private readonly List<(JobPart Part, List<int> Owners)> _parts = [];

    /// <summary>Padded tokens so far.</summary>
    public long Tokens { get; private set; }

    /// <summary>Adds a padded row.</summary>
    /// <param name="row">Its tokens.</param>
    /// <param name="owner">What it is of.</param>
    public void Add(ReadOnlySpan<int> row, int owner)
    {
        var length = row.Length;
        if (!_open.TryGetValue(length, out var group)) _open[length] = group = new RowGroup(length);
        group.Add(row, model.HasWideTokens, owner);
        Tokens += length;
        if ((group.Owners.Count + 1) * length > limits.BatchTokensMax || group.Owners.Count >= limits.BatchRowsMax)
            Close(group);
    }

    /// <summary>The rows, once all were added.</summary>
    public IReadOnlyList<JobPart> ToParts()
    {
        foreach (var group in _open.Values.ToArray()) Close(group);
        return [.. _parts.Select(p => p.Part)];
    }

    /// <summary>The parts, with what each of their rows is of.</summary>
    public IEnumerable<(JobPart Part, IReadOnlyList<int> Owners)> Owned =>
        _parts.Select(p => (p.Part, (IReadOnlyList<int>)p.Owners));

    private void Close(RowGroup group)
    {
        _open.Remove(group.Length);
        var part = new JobPart(model.TokenShape(group.Length), group.Owners.Count, [group.Data.WrittenMemory]);
        _parts.Add((part, group.Owners));
    }

    private sealed class RowGroup(int length)
    {
        public int Length { get; } = length;

        public ArrayBufferWriter<byte> Data { get; } = new(length * sizeof(long));

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
