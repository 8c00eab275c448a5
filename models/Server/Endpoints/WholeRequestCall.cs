using System.Buffers.Binary;
using System.Runtime.InteropServices;
using WafOperator.Models.Server.Batching;
using WafOperator.Models.Server.Repository;
using WafOperator.Models.Server.Values;
using WafOperator.OnnxRuntime;
using WafOperator.Protocols.Inference;

namespace WafOperator.Models.Server.Endpoints;

/// <summary>
/// Questions about whole requests: one as a compact body, answered by its numbers, or several as a V2 tensor of such
/// bodies, answered by logit, score and uncertainty of each.
/// </summary>
internal sealed class WholeRequestCall : PreparedCall
{
    /// <summary>Name of the V2 input.</summary>
    public const string InputName = "requests";

    /// <summary>Requests of one V2 call at most.</summary>
    public const int RequestsMax = 64;

    private static readonly string[] OutputNames = ["logit", "score", "uncertainty"];

    private readonly RequestRows _rows;
    private readonly ServedModel _model;
    private readonly V2Request? _v2;

    private WholeRequestCall(RequestRows rows, ServedModel model, V2Request? v2) : base(rows.ToParts()) =>
        (_rows, _model, _v2) = (rows, model, v2);

    /// <exception cref="RefusedException">The body is malformed, or for another package.</exception>
    public static WholeRequestCall Prepare(ReadOnlySpan<byte> body, ServedModel model, BatchLimits batching)
    {
        if (model.Tokenizer is null) throw RefusedException.Shape("this model does not take whole requests");
        if (CompactWholeRequest.Check(body, out var digest) is { } malformed)
            throw RefusedException.Malformed(malformed);
        // Before the rows are cut, which is the work: while packages change many ask for the other one.
        if (digest != model.Digest)
        {
            throw new RefusedException(
                InferenceErrorCode.DigestMismatch, $"this server has the package {model.Digest}, not {digest}");
        }

        var rows = new RequestRows(model, batching);
        if (rows.Add(body, out _) is { } problem) throw RefusedException.Malformed(problem);
        CheckTokens(rows, batching);
        return new WholeRequestCall(rows, model, null);
    }

    /// <exception cref="RefusedException">A wrong shape, or too many or malformed requests.</exception>
    public static WholeRequestCall Prepare(V2Request request, ServedModel model, BatchLimits batching)
    {
        if (request.Inputs is not [{ Datatype: V2Datatypes.Bytes, Shape.Length: 1 } input])
            throw RefusedException.Shape($"{InputName} is BYTES of shape [n], and the only input");
        if (input.Shape[0] > RequestsMax)
        {
            throw RefusedException.TooLarge(
                $"there are {input.Shape[0]} requests; at most {RequestsMax} are allowed");
        }

        var unknown = request.Outputs?.FirstOrDefault(o => !OutputNames.Contains(o.Name)).Name;
        if (unknown is not null)
        {
            throw RefusedException.Shape(
                $"there is no output {unknown}; there are {string.Join(", ", OutputNames)}");
        }

        return new WholeRequestCall(RowsOf(input, model, batching), model, request)
        {
            Priority = request.Priority, Timeout = request.Timeout,
        };
    }

    public override CallAnswer Answer(CallTimes times)
    {
        var replies = Replies();
        if (_v2 is { } v2)
        {
            var wanted = v2.Outputs ?? [.. OutputNames.Select(name => (name, v2.IsBinaryOutput))];
            return V2Answer.Write(_model, v2.Id, [.. wanted.Select(w => (Output(w.Name, replies), w.IsBinary))]);
        }

        var one = replies[0];
        float[] numbers = [one.Logit, one.Uncertainty, one.Family, one.Type, one.Unread];
        var body = new byte[CompactResponse.SizeOf(numbers.Length)];
        CompactResponse.Write(body, numbers, times.Queued, times.Computed);
        return new CallAnswer(body, InferenceProtocol.CompactMediaType);
    }

    private RequestReply[] Replies()
    {
        try
        {
            return _rows.Replies();
        }
        catch (OrtException failure)
        {
            throw new RefusedException(InferenceErrorCode.ModelFailed, failure.Message);
        }
    }

    private static RequestRows RowsOf(V2Tensor input, ServedModel model, BatchLimits batching)
    {
        var rows = new RequestRows(model, batching);
        var rest = input.Data.Span;
        for (var i = 0; i < input.Shape[0]; i++)
        {
            if (rest.Length < sizeof(int))
                throw RefusedException.Malformed($"{InputName} ends in front of request {i}");
            var length = BinaryPrimitives.ReadInt32LittleEndian(rest);
            rest = rest[sizeof(int)..];
            if (length < 0 || length > rest.Length)
                throw RefusedException.Malformed($"{InputName} ends inside request {i}");
            // Which package is meant stands in the path; a package's own examples cannot name its digest.
            if (rows.Add(rest[..length], out _) is { } problem)
                throw RefusedException.Malformed($"request {i}: {problem}");
            CheckTokens(rows, batching);
            rest = rest[length..];
        }

        return rest.IsEmpty ? rows : throw RefusedException.Malformed($"{rest.Length} bytes follow the last request");
    }

    private static void CheckTokens(RequestRows rows, BatchLimits batching)
    {
        if (rows.Tokens > batching.RequestTokensMax)
            throw RefusedException.TooLarge($"the request has more than {batching.RequestTokensMax} padded tokens");
    }

    private PartOutput Output(string name, RequestReply[] replies)
    {
        var numbers = Array.ConvertAll(replies, reply => name switch
        {
            "logit" => reply.Logit,
            "score" => (float)_model.ProbabilityOf(reply.Logit),
            _ => reply.Uncertainty,
        });
        return new(name, OrtElementType.Float32, [numbers.Length], MemoryMarshal.AsBytes(numbers.AsSpan()).ToArray());
    }
}
