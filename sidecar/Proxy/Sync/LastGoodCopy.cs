using WafOperator.Protocols;
using WafOperator.Protocols.Distribution;
using WafOperator.Protocols.Policies;

namespace WafOperator.Proxy.Sync;

/// <summary>
/// The last good policy document on the sidecar's volume, for restarts while the operator is away. Written to a new file
/// and renamed, so that there is always a whole one; its revision is its checksum.
/// </summary>
internal sealed class LastGoodCopy(string folder)
{
    private string File => Path.Combine(folder, "policy.json");

    /// <summary>Null when it was written, else why not: a full or read-only volume must not stop the sidecar.</summary>
    public string? Write(byte[] json)
    {
        try
        {
            Directory.CreateDirectory(folder);
            WholeFile.Write(File, json);
            return null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return failure.Message;
        }
    }

    /// <summary>The copy, or null when there is none or it cannot be read. Whether it is intact, the reader of documents checks.</summary>
    public byte[]? Read()
    {
        try
        {
            var info = new FileInfo(File);
            return info.Exists && info.Length <= OperatorClient.DocumentBytesMax ? System.IO.File.ReadAllBytes(File) : null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
