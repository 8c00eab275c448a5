using WafOperator.Features;
using WafOperator.Models.Server.Batching;
using WafOperator.Models.Server.Repository;
using WafOperator.Models.Server.Values;
using WafOperator.Protocols.Inference;

namespace WafOperator.Models.Server.Endpoints;

/// <summary>The compact body: normalised values in, logits out.</summary>
internal sealed class CompactCall : PreparedCall
{
    private readonly ValueRows _rows;

    private CompactCall(ValueRows rows) : base(rows.ToParts()) => _rows = rows;

    /// <exception cref="RefusedException">The body is malformed, or for another package.</exception>
    public static CompactCall Prepare(
        ReadOnlySpan<byte> body, ServedModel model, RequestLimits limits, BatchLimits batching)
    {
        if (CompactRequest.Check(body, limits.ValuesMax, out var digest, out _) is { } problem)
            throw RefusedException.Malformed(problem);
        if (digest != model.Digest)
            throw new RefusedException(
                InferenceErrorCode.DigestMismatch, $"this server has the package {model.Digest}, not {digest}");
        if (!model.TakesValues) throw RefusedException.Shape("this model does not take values");
        var rows = new ValueRows(model, batching);
        var reader = new CompactValueReader(body);
        while (reader.Next())
        {
            rows.Add(reader.Value, (ValueFlags)reader.Flags);
            ValueCall.CheckTokens(rows, batching);
        }

        return new CompactCall(rows);
    }

    public override CallAnswer Answer(CallTimes times)
    {
        var logits = _rows.Logits();
        var body = new byte[CompactResponse.SizeOf(logits.Length)];
        CompactResponse.Write(body, logits, times.Queued, times.Computed);
        return new CallAnswer(body, InferenceProtocol.CompactMediaType);
    }
}
