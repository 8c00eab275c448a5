using System.Buffers;
using System.Text;
using WafOperator.Http;
using WafOperator.OpenApi;

namespace WafOperator.Schemas;

/// <summary>Compares a request's body with that of its operation. Pure.</summary>
internal static class BodyJudge
{
    public static void Judge(
        CanonicalRequest request, OperationProgram operation, BodyKnowledge knowledge, ref ValueJudge judge,
        ref FindingList findings)
    {
        if (operation.Operation.Body is not { } described)
        {
            if (request.BodyBytesSeen > 0) findings.Add(SchemaReason.Body, "the operation has no body");
            else if (knowledge is BodyKnowledge.Cut) findings.Add(SchemaReason.Unchecked, "a stream cannot be checked");
            return;
        }

        var hasBody = request.BodyBytesSeen > 0 || knowledge is BodyKnowledge.Cut;
        if (!hasBody && knowledge is BodyKnowledge.Whole)
        {
            if (described.IsRequired) findings.Add(SchemaReason.Body, "the body is missing");
            return;
        }

        if (!hasBody && request.ContentType.IsEmpty) return;
        if (MediaOf(request, operation, ref findings) is not { Kind: not BodyKind.Unchecked } media) return;
        if (knowledge is BodyKnowledge.NotRead) return;
        if (knowledge is BodyKnowledge.Cut || !IsWhole(request))
        {
            findings.Add(SchemaReason.Unchecked, "the body was not read to its end");
            return;
        }

        var body = request[request.Body];
        var fits = media.Kind is BodyKind.Json ? judge.Document(body, media.Schema)
            : Form(body, media.Schema, ref judge);
        if (fits) return;
        if (judge.IsExhausted) findings.Add(SchemaReason.Unchecked, "the body is too much to check");
        else findings.Add(SchemaReason.Body, $"the body {judge.TakeProblem() ?? "does not fit"}");
    }

    private static bool IsWhole(CanonicalRequest request) =>
        !request.IsBodyCut && !request.IsOutOfRoom && request.RawBody.Length == request.BodyBytesSeen
        && !request.IsCodingOpaque && (request.Unread & UnreadContent.Coding) == 0
        && request.BodyError is not (BodyError.Compression or BodyError.Memory);

    private static ApiMedia? MediaOf(CanonicalRequest request, OperationProgram operation, ref FindingList findings)
    {
        var count = 0;
        foreach (ref readonly var header in request.Headers)
        {
            if (request[header.LowerName].SequenceEqual("content-type"u8)) count++;
        }

        if (count != 1)
        {
            findings.Add(SchemaReason.ContentType, count == 0 ? "the body has no type" : "the body has several types");
            return null;
        }

        foreach (var media in operation.Media)
        {
            if (!media.Covers(request[request.MediaType])) continue;
            if (media.Media.Kind is not BodyKind.Unchecked && !IsUtf8(request[request.Charset]))
            {
                findings.Add(SchemaReason.ContentType, "the body's charset is not UTF-8");
                return null;
            }

            return media.Media;
        }

        findings.Add(SchemaReason.ContentType, "the body's type is none of the operation's");
        return null;
    }

    private static bool IsUtf8(ReadOnlySpan<byte> charset) => charset.IsEmpty
        || Ascii.EqualsIgnoreCase(charset, "utf-8") || Ascii.EqualsIgnoreCase(charset, "utf8")
        || Ascii.EqualsIgnoreCase(charset, "us-ascii");

    private static bool Form(ReadOnlySpan<byte> body, ValueSchema schema, ref ValueJudge judge)
    {
        var scratch = ArrayPool<byte>.Shared.Rent(Math.Max(1, body.Length));
        Span<ulong> seen = stackalloc ulong[ApiLimits.RequiredMax / 64];
        seen.Clear();
        try
        {
            var required = 0;
            var fields = new FieldReader(body, scratch);
            while (fields.Next())
            {
                if (fields.IsBroken) return judge.Fail("has an escape that is none");
                var property = schema.Properties.Find(fields.Name);
                if (property is { RequiredIndex: >= 0 and var index } && (seen[index >> 6] & (1ul << index)) == 0)
                {
                    seen[index >> 6] |= 1ul << index;
                    required++;
                }

                if (!Field(fields.Value, property, schema, ref judge)) return false;
            }

            return required >= schema.Properties.RequiredCount
                || judge.Fail(ValueJudge.Missing(schema.Properties, seen));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(scratch);
        }
    }

    private static bool Field(
        ReadOnlySpan<byte> value, ValueProperty? property, ValueSchema schema, ref ValueJudge judge)
    {
        if (property is not { IsDeclared: true })
        {
            if (schema.Additional is { IsNever: true }) return judge.Fail("has a field that is not described");
            return schema.Additional is not { } additional || judge.Text(value, additional) || judge.At("*");
        }

        var inner = property.Schema;
        var asked = (inner.Types & ValueTypes.Array) != 0 ? inner.Items ?? ValueSchema.Any : inner;
        return judge.Text(value, asked) || judge.At(property.Name);
    }
}
