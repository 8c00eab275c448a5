using System.Runtime.InteropServices;
using System.Text;
using WafOperator.Features;
using WafOperator.Models.Server.Batching;
using WafOperator.Models.Server.Repository;
using WafOperator.OnnxRuntime;
using WafOperator.Protocols.Inference;
using WafOperator.Protocols.Models;

namespace WafOperator.Models.Server.Values;

/// <summary>What a model says of a whole request: its row with the highest log-odds.</summary>
/// <param name="Logit">Log-odds of an attack, before calibration.</param>
/// <param name="Uncertainty">Width of that answer.</param>
/// <param name="Family">Number of the family.</param>
/// <param name="Type">Number of the type; -1 for a family without types.</param>
/// <param name="Unread">Tokens of the request that no row holds.</param>
internal readonly record struct RequestReply(float Logit, float Uncertainty, int Family, int Type, int Unread);

/// <summary>
/// Whole requests as rows of tokens, cut as the sidecar cuts them (<see cref="RequestSequencer"/>). Afterwards one
/// reply a request. One call's; not thread-safe.
/// </summary>
internal sealed class RequestRows(ServedModel model, BatchLimits limits)
{
    /// <summary>Rows are padded to a multiple, as in training and in the sidecar: padding changes nothing.</summary>
    public const int LengthStep = 16;

    private readonly TokenRows _rows = new(model, limits);
    private readonly int[] _row = new int[model.Manifest.RowTokens];
    private readonly List<int> _unread = [];

    /// <summary>Padded tokens so far.</summary>
    public long Tokens => _rows.Tokens;

    /// <summary>Length that a row of so many tokens is padded to.</summary>
    public static int Padded(int length, int most) =>
        Math.Min(most, (length + LengthStep - 1) / LengthStep * LengthStep);

    /// <summary>
    /// Adds the request of a compact body; null when that worked, else what is wrong with the body.
    /// </summary>
    public string? Add(ReadOnlySpan<byte> body, out string digest)
    {
        if (CompactWholeRequest.Check(body, out digest) is { } problem) return problem;
        var sequencer = model.Sequencer();
        try
        {
            var reader = new WholeRequestReader(body);
            sequencer.Begin(Encoding.Latin1.GetString(reader.Method));
            while (reader.Next())
            {
                var place = reader.Place;
                if (place.Marker >= SubwordTokenizer.SpecialCount)
                    return $"there is no special token {place.Marker}; there are {SubwordTokenizer.SpecialCount}";
                sequencer.Add((RequestSection)place.Section, place.Marker, (ValueFlags)place.Flags, reader.Value);
            }

            for (var i = 0; i < sequencer.Rows; i++)
            {
                var length = sequencer.Row(i, _row);
                var padded = _row.AsSpan(0, Padded(length, _row.Length));
                padded[length..].Clear();
                _rows.Add(padded, _unread.Count);
            }

            _unread.Add(sequencer.Unread);
            return null;
        }
        finally
        {
            model.Return(sequencer);
        }
    }

    /// <summary>The rows, once all requests were added.</summary>
    public IReadOnlyList<JobPart> ToParts() => _rows.ToParts();

    /// <summary>One reply a request, when all parts have their outputs.</summary>
    /// <exception cref="OrtException">A number of the network is none, or they are too many or too few.</exception>
    public RequestReply[] Replies()
    {
        var replies = new RequestReply[_unread.Count];
        for (var i = 0; i < replies.Length; i++) replies[i] = new(float.NegativeInfinity, 0, 0, -1, _unread[i]);
        foreach (var (part, owners) in _rows.Owned)
        {
            var (familyCount, typeCount) = (model.Manifest.Families.Count, model.Manifest.Types.Count);
            var logits = Floats(part, 0, owners.Count);
            var widths = Floats(part, 1, owners.Count);
            var families = Floats(part, 2, owners.Count * familyCount);
            var types = Floats(part, 3, owners.Count * typeCount);
            for (var row = 0; row < owners.Count; row++)
            {
                if (!float.IsFinite(logits[row]) || !float.IsFinite(widths[row]))
                    throw new OrtException("the network's answer is no number");
                ref var reply = ref replies[owners[row]];
                if (logits[row] <= reply.Logit) continue;
                var (family, type) = RequestContract.Likeliest(
                    model.Manifest, families.Slice(row * familyCount, familyCount),
                    types.Slice(row * typeCount, typeCount));
                reply = new(logits[row], widths[row], family, type, reply.Unread);
            }
        }

        return replies;
    }

    /// <summary>What a network gives when it runs need not be what it declares.</summary>
    private static ReadOnlySpan<float> Floats(JobPart part, int output, int count)
    {
        var name = RequestContract.Outputs[output];
        var numbers = MemoryMarshal.Cast<byte, float>(part.Outputs.First(o => o.Name == name).Data.AsSpan());
        return numbers.Length == count ? numbers
            : throw new OrtException($"the output {name} has {numbers.Length} numbers, not {count}");
    }
}
