using System.Formats.Tar;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;

namespace WafOperator.Protocols.Models;

/// <summary>Reads model packages (README.md beside this file). Never throws on bad input: the reason is in the result.</summary>
public static class ModelPackageReader
{
    /// <summary>Name of the first entry.</summary>
    public const string ManifestName = "manifest.json";

    /// <summary>Digest of an archive as policies and manifests write it.</summary>
    public static string DigestOf(ReadOnlySpan<byte> archive) => "sha256:" + Convert.ToHexStringLower(SHA256.HashData(archive));

    /// <summary>Checks and reads an archive that is in memory.</summary>
    /// <param name="archive">The whole archive.</param>
    /// <param name="expectedDigest">Digest it must have, or null when the caller does not know one.</param>
    /// <param name="limits">Bounds.</param>
    public static PackageReading Read(ReadOnlyMemory<byte> archive, string? expectedDigest, PackageLimits limits)
    {
        if (archive.Length > limits.ArchiveBytesMax)
            return PackageReading.Refused($"the package has {archive.Length} bytes; at most {limits.ArchiveBytesMax} are allowed");
        var digest = DigestOf(archive.Span);
        if (expectedDigest is not null && !string.Equals(digest, expectedDigest, StringComparison.OrdinalIgnoreCase))
            return PackageReading.Refused($"the package's digest is {digest}, not {expectedDigest}: it was changed or is another one");
        try
        {
            var entries = ReadEntries(archive, limits, out var error);
            return error is not null ? PackageReading.Refused(error) : ReadManifest(digest, entries, limits);
        }
        catch (Exception failure) when (failure is InvalidDataException or EndOfStreamException or FormatException
            or ArgumentException or IOException or NotSupportedException)
        {
            return PackageReading.Refused($"not a readable tar archive: {failure.Message}");
        }
    }

    private static Dictionary<string, ReadOnlyMemory<byte>> ReadEntries(
        ReadOnlyMemory<byte> archive, PackageLimits limits, out string? error)
    {
        var files = new Dictionary<string, ReadOnlyMemory<byte>>(StringComparer.Ordinal);
        using var stream = StreamOf(archive);
        using var reader = new TarReader(stream);
        while (reader.GetNextEntry(copyData: false) is { } entry)
        {
            error = Refusal(entry, files, limits);
            if (error is not null) return files;
            // A part of the archive, not a copy: packages are as large as the memory of those who read them allows.
            files.Add(entry.Name, entry.Length == 0 ? default : SliceOf(archive, entry));
        }

        error = null;
        return files;
    }

    private static MemoryStream StreamOf(ReadOnlyMemory<byte> archive) =>
        MemoryMarshal.TryGetArray(archive, out var bytes)
            ? new MemoryStream(bytes.Array!, bytes.Offset, bytes.Count, writable: false)
            : new MemoryStream(archive.ToArray(), writable: false);

    private static ReadOnlyMemory<byte> SliceOf(ReadOnlyMemory<byte> archive, TarEntry entry)
    {
        var offset = entry.DataOffset;
        if (offset < 0 || entry.Length > archive.Length - offset) throw new EndOfStreamException("an entry is cut off");
        return archive.Slice((int)offset, (int)entry.Length);
    }

    private static string? Refusal(
        TarEntry entry, Dictionary<string, ReadOnlyMemory<byte>> files, PackageLimits limits)
    {
        if (entry.EntryType is not (TarEntryType.RegularFile or TarEntryType.V7RegularFile))
            return $"entry '{Printable(entry.Name)}' is a {entry.EntryType}; only plain files are allowed";
        if (entry.Name.Length is 0 || entry.Name.Length > limits.NameLengthMax || !entry.Name.All(IsNameCharacter)
            || entry.Name.StartsWith('.'))
            return $"entry name '{Printable(entry.Name)}' is not a plain file name";
        if (files.Count >= limits.FilesMax) return $"the package has more than {limits.FilesMax} entries";
        if (files.ContainsKey(entry.Name)) return $"entry '{entry.Name}' is there twice";
        return entry.Length > limits.ArchiveBytesMax ? $"entry '{entry.Name}' is larger than the archive may be" : null;
    }

    private static PackageReading ReadManifest(
        string digest, Dictionary<string, ReadOnlyMemory<byte>> files, PackageLimits limits)
    {
        if (!files.Remove(ManifestName, out var json))
            return PackageReading.Refused($"the package has no {ManifestName}");
        if (json.Length > limits.ManifestBytesMax)
            return PackageReading.Refused($"{ManifestName} has {json.Length} bytes; at most {limits.ManifestBytesMax} are allowed");
        ModelManifest? manifest;
        try
        {
            manifest = JsonSerializer.Deserialize<ModelManifest>(json.Span, ProtocolJson.Default.Options);
        }
        catch (JsonException failure)
        {
            return PackageReading.Refused($"{ManifestName} is not a model manifest: {failure.Message}");
        }

        if (manifest is null) return PackageReading.Refused($"{ManifestName} is empty");
        var error = Mismatch(manifest, files);
        return error is not null ? PackageReading.Refused(error) : new PackageReading(new ModelPackage(digest, manifest, files), null);
    }

    private static string? Mismatch(ModelManifest manifest, Dictionary<string, ReadOnlyMemory<byte>> files)
    {
        if (manifest.Format != ModelManifest.FormatVersion)
            return $"manifest format '{Printable(manifest.Format)}' is not {ModelManifest.FormatVersion}";
        foreach (var name in files.Keys)
        {
            if (!manifest.Files.ContainsKey(name)) return $"entry '{name}' is not in the manifest";
        }

        foreach (var (name, declared) in manifest.Files)
        {
            if (!files.TryGetValue(name, out var data)) return $"file '{Printable(name)}' is in the manifest but not in the package";
            if (data.Length != declared.Bytes) return $"file '{name}' has {data.Length} bytes, the manifest says {declared.Bytes}";
            var sha256 = Convert.ToHexStringLower(SHA256.HashData(data.Span));
            if (!sha256.Equals(declared.Sha256, StringComparison.OrdinalIgnoreCase))
                return $"file '{name}' has SHA-256 {sha256}, the manifest says {Printable(declared.Sha256)}";
        }

        return null;
    }

    private static bool IsNameCharacter(char c) => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_';

    private static string Printable(string text)
    {
        var shown = text.Length > 80 ? text[..80] + "…" : text;
        return string.Create(shown.Length, shown, (span, source) =>
        {
            for (var i = 0; i < span.Length; i++) span[i] = char.IsControl(source[i]) ? '?' : source[i];
        });
    }
}
