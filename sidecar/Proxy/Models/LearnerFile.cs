using System.Security.Cryptography;
using WafOperator.Protocols;

namespace WafOperator.Proxy.Models;

/// <summary>A file with its SHA-256 in front, replaced as a whole: a half-written one is as good as none.</summary>
internal sealed class LearnerFile(string path)
{
    private const int BytesMax = 4 << 20;

    /// <summary>The content, or null when there is none that is whole.</summary>
    public ReadOnlyMemory<byte>? Read()
    {
        try
        {
            if (!File.Exists(path) || new FileInfo(path).Length > BytesMax) return null;
            var bytes = File.ReadAllBytes(path);
            if (bytes.Length < SHA256.HashSizeInBytes) return null;
            var content = bytes.AsMemory(SHA256.HashSizeInBytes);
            return SHA256.HashData(content.Span).AsSpan().SequenceEqual(bytes.AsSpan(0, SHA256.HashSizeInBytes)) ? content : null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Null when it was written, else what is wrong.</summary>
    public string? Write(byte[] content)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            WholeFile.Write(path, [.. SHA256.HashData(content), .. content]);
            return null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return failure.Message;
        }
    }
}
