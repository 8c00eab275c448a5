using System.Buffers.Binary;
using System.Runtime.InteropServices;
using WafOperator.Features;
using WafOperator.Models.Server.Batching;
using WafOperator.Models.Server.Repository;
using WafOperator.Models.Server.Values;
using WafOperator.OnnxRuntime;

namespace WafOperator.Models.Server.Endpoints;

/// <summary>
/// A V2 request with values as they came: the server normalises them and answers logit and calibrated score.
/// </summary>
internal sealed class ValueCall : PreparedCall
{
    /// <summary>Name of the input.</summary>
    public const string InputName = "values";

    private readonly V2Request _request;
    private readonly ServedModel _model;
    private readonly ValueRows _rows;

    private ValueCall(V2Request request, ServedModel model, ValueRows rows) : base(rows.ToParts()) =>
        (_request, _model, _rows) = (request, model, rows);

    /// <exception cref="RefusedException">A wrong shape, or too many or too long values.</exception>
    public static ValueCall Prepare(V2Request request, ServedModel model, RequestLimits limits, BatchLimits batching)
    {
        if (request.Inputs is not [{ Datatype: V2Datatypes.Bytes, Shape.Length: 1 } input])
            throw RefusedException.Shape($"{InputName} is BYTES of shape [n], and the only input");
        if (input.Shape[0] > limits.ValuesMax)
            throw RefusedException.TooLarge(
                $"the request has {input.Shape[0]} values; at most {limits.ValuesMax} are allowed");
        var unknown = request.Outputs?.FirstOrDefault(o => o.Name is not ("logit" or "score")).Name;
        if (unknown is not null) throw RefusedException.Shape($"there is no output {unknown}; there are logit, score");
        return new ValueCall(request, model, RowsOf(input, model, batching))
        {
            Priority = request.Priority, Timeout = request.Timeout,
        };
    }

    /// <exception cref="RefusedException">More tokens than one request may have.</exception>
    public static void CheckTokens(ValueRows rows, BatchLimits batching)
    {
        if (rows.Tokens > batching.RequestTokensMax)
            throw RefusedException.TooLarge($"the values have more than {batching.RequestTokensMax} padded tokens");
    }

    public override CallAnswer Answer(CallTimes times)
    {
        var logits = _rows.Logits();
        var scores = Array.ConvertAll(logits, l => (float)_model.ProbabilityOf(l));
        var wanted = _request.Outputs ?? [("logit", _request.IsBinaryOutput), ("score", _request.IsBinaryOutput)];
        var outputs = wanted.Select(w => (Output(w.Name, w.Name == "logit" ? logits : scores), w.IsBinary));
        return V2Answer.Write(_model, _request.Id, [.. outputs]);
    }

    private static ValueRows RowsOf(V2Tensor input, ServedModel model, BatchLimits batching)
    {
        var rows = new ValueRows(model, batching);
        var buffer = new byte[Math.Min(ValueNormalizer.ValueBytesMax, input.Data.Length)];
        var rest = input.Data.Span;
        for (var i = 0; i < input.Shape[0]; i++)
        {
            if (rest.Length < sizeof(int)) throw RefusedException.Malformed($"{InputName} ends in front of value {i}");
            var length = BinaryPrimitives.ReadInt32LittleEndian(rest);
            rest = rest[sizeof(int)..];
            if (length < 0 || length > rest.Length)
                throw RefusedException.Malformed($"{InputName} ends inside value {i}");
            var written = ValueNormalizer.Normalize(rest[..length], buffer, out var flags);
            rows.Add(buffer.AsSpan(0, written), flags);
            CheckTokens(rows, batching);
            rest = rest[length..];
        }

        return rest.IsEmpty ? rows : throw RefusedException.Malformed($"{rest.Length} bytes follow the last value");
    }

    private static PartOutput Output(string name, float[] numbers) =>
        new(name, OrtElementType.Float32, [numbers.Length], MemoryMarshal.AsBytes(numbers.AsSpan()).ToArray());
}
