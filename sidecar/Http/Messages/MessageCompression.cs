using System.IO.Compression;
using WafOperator.Http.Bodies;
using ZstdSharp;

namespace WafOperator.Http.Messages;

/// <summary>Unpacks compressed messages of gRPC, as far as a bound allows. Pure; bounded.</summary>
public static class MessageCompression
{
    /// <summary>
    /// The beginning of the message, at most <paramref name="bytesMax"/>; null when the coding is not known or the
    /// bytes are none of it. A message that is not whole gives what can be unpacked.
    /// </summary>
    public static byte[]? Unpack(ReadOnlyMemory<byte> content, string? coding, int bytesMax, out bool isCut)
    {
        isCut = false;
        using var source = new MemoryStream(content.ToArray(), writable: false);
        using Stream? unpacking = coding?.Trim().ToLowerInvariant() switch
        {
            "gzip" => new GZipStream(source, CompressionMode.Decompress),
            "deflate" => new ZLibStream(source, CompressionMode.Decompress),
            "br" => new BrotliStream(source, CompressionMode.Decompress),
            "zstd" => BodyDecoder.Zstandard(source),
            _ => null,
        };
        if (unpacking is null) return null;
        var target = new MemoryStream();
        var buffer = new byte[8 * 1024];
        try
        {
            while (target.Length <= bytesMax)
            {
                var count = unpacking.Read(buffer);
                if (count == 0) return target.ToArray();
                target.Write(buffer.AsSpan(0, count));
            }
        }
        catch (Exception broken) when (broken is InvalidDataException or InvalidOperationException
            or IOException or ZstdException)
        {
            if (target.Length == 0) return null;
        }

        isCut = true;
        return target.GetBuffer()[..(int)Math.Min(target.Length, bytesMax)];
    }
}
