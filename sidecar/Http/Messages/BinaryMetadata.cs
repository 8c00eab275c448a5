using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace WafOperator.Http.Messages;

/// <summary>
/// Header fields whose name ends with <c>-bin</c>: programs of gRPC write bytes into them as base64, and every server
/// decodes them before the application sees them. What is text in them is shown as arguments
/// (<c>metadata.x-own-bin</c>), beside the field as it came.
/// </summary>
internal static class BinaryMetadata
{
    private static ReadOnlySpan<byte> Suffix => "-bin"u8;

    /// <summary>Reads them all; true when one had text in it.</summary>
    public static bool Read(CanonicalRequest request)
    {
        var count = request.Arguments.Length;
        foreach (ref readonly var header in request.Headers)
        {
            if (!request[header.LowerName].EndsWith(Suffix)) continue;
            // Several values may stand in one line. What is added may move the memory that the line stands in.
            for (var start = 0; start < header.Value.Length;)
            {
                var rest = request[header.Value][start..];
                var length = rest.IndexOf((byte)',') is >= 0 and var comma ? comma : rest.Length;
                ReadValue(request, header.LowerName, rest[..length]);
                start += length + 1;
            }
        }

        return request.Arguments.Length > count;
    }

    private static void ReadValue(CanonicalRequest request, Slice name, ReadOnlySpan<byte> encoded)
    {
        encoded = encoded.Trim(" \t"u8).TrimEnd((byte)'=');
        if (encoded.IsEmpty) return;
        var buffer = ArrayPool<byte>.Shared.Rent(encoded.Length + 4);
        encoded.CopyTo(buffer);
        var padding = (4 - (encoded.Length & 3)) & 3;
        buffer.AsSpan(encoded.Length, padding).Fill((byte)'=');
        var status = Base64.DecodeFromUtf8InPlace(buffer.AsSpan(0, encoded.Length + padding), out var length);
        if (status is OperationStatus.Done) Show(request, name, buffer.AsSpan(0, length));
        ArrayPool<byte>.Shared.Return(buffer);
    }

    private static void Show(CanonicalRequest request, Slice name, ReadOnlySpan<byte> content)
    {
        var prefix = $"metadata.{Encoding.Latin1.GetString(request[name])}";
        var found = new List<ProtobufText>();
        var reading = ProtobufStrings.Read(content, isCut: false, ProtobufLimits.Of(request.Limits), found);
        request.Note(reading.Exceeded);
        if (reading.IsMessage)
            foreach (var text in found)
                MessageContent.Show(request, $"{prefix}.{text.Path}", content[text.Value], text.IsClean, isBody: false);
        if (ProtobufStrings.IsText(content, out var isClean))
            MessageContent.Show(request, prefix, content, isClean, isBody: false);
    }
}
