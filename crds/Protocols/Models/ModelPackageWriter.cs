using System.Formats.Tar;
using System.Security.Cryptography;
using System.Text.Json;

namespace WafOperator.Protocols.Models;

/// <summary>Writes packages with the same bytes for the same content.</summary>
public static class ModelPackageWriter
{
    /// <summary>
    /// Makes an archive of a manifest and files; the manifest's own list of files is replaced by what is given here.
    /// </summary>
    public static byte[] Write(ModelManifest manifest, IReadOnlyDictionary<string, ReadOnlyMemory<byte>> files)
    {
        var declared = files.OrderBy(f => f.Key, StringComparer.Ordinal).ToDictionary(
            f => f.Key,
            f => new PackageFile { Bytes = f.Value.Length, Sha256 = Convert.ToHexStringLower(SHA256.HashData(f.Value.Span)) });
        var json = JsonSerializer.SerializeToUtf8Bytes(manifest with { Files = declared }, ProtocolJson.Default.Options);
        using var stream = new MemoryStream();
        using (var writer = new TarWriter(stream, TarEntryFormat.Ustar, leaveOpen: true))
        {
            Add(writer, ModelPackageReader.ManifestName, json);
            foreach (var (name, data) in files.OrderBy(f => f.Key, StringComparer.Ordinal)) Add(writer, name, data);
        }

        return stream.ToArray();
    }

    private static void Add(TarWriter writer, string name, ReadOnlyMemory<byte> data)
    {
        using var content = new MemoryStream(data.ToArray(), writable: false);
        writer.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, name)
        {
            DataStream = content,
            Mode = (UnixFileMode)0b110_100_100,
            ModificationTime = DateTimeOffset.UnixEpoch,
        });
    }
}
