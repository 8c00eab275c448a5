using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace WafOperator.Kubernetes.Watching;

/// <summary>Cuts the stream of a watch into lines of bounded length.</summary>
internal static class WatchLines
{
    /// <summary>
    /// The non-empty lines. Each is valid until the next is asked for. Throws <see cref="InvalidDataException"/> for a
    /// line over the limit and <see cref="EndOfStreamException"/> when the stream ends inside a line.
    /// </summary>
    public static async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(
        Stream stream, int lineBytesMax, Action received, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var reader = PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: 16 << 10, leaveOpen: true));
        try
        {
            while (true)
            {
                var result = await reader.ReadAsync(cancellationToken);
                received();
                var buffer = result.Buffer;
                while (TryCut(ref buffer, out var line))
                {
                    if (line.Length > lineBytesMax) throw TooLong(lineBytesMax);
                    if (line.Length > 0) yield return line.IsSingleSegment ? line.First : line.ToArray();
                }

                if (buffer.Length > lineBytesMax) throw TooLong(lineBytesMax);
                reader.AdvanceTo(buffer.Start, buffer.End);
                if (!result.IsCompleted) continue;
                if (buffer.Length > 0) throw new EndOfStreamException("the watch broke off inside an event");
                yield break;
            }
        }
        finally
        {
            await reader.CompleteAsync();
        }
    }

    private static bool TryCut(ref ReadOnlySequence<byte> buffer, out ReadOnlySequence<byte> line)
    {
        if (buffer.PositionOf((byte)'\n') is not { } end)
        {
            line = default;
            return false;
        }

        line = buffer.Slice(0, end);
        buffer = buffer.Slice(buffer.GetPosition(1, end));
        return true;
    }

    private static InvalidDataException TooLong(int max) => new($"an event is larger than {max} bytes");
}
