using System.Text.Json;

namespace WafOperator.Protocols.Models;

/// <summary>A package whose digests, names and limits were checked. Immutable.</summary>
public sealed class ModelPackage
{
    internal ModelPackage(string digest, ModelManifest manifest, IReadOnlyDictionary<string, ReadOnlyMemory<byte>> files)
    {
        Digest = digest;
        Manifest = manifest;
        Files = files;
    }

    /// <summary><c>sha256:</c> and 64 hexadecimal digits of the archive.</summary>
    public string Digest { get; }

    public ModelManifest Manifest { get; }

    /// <summary>Every file but the manifest, by name.</summary>
    public IReadOnlyDictionary<string, ReadOnlyMemory<byte>> Files { get; }
}

/// <summary>Bounds of a package.</summary>
public sealed record PackageLimits
{
    public static PackageLimits Default { get; } = new();

    /// <summary>Bytes of the whole archive.</summary>
    public long ArchiveBytesMax { get; init; } = 256L << 20;

    /// <summary>Bytes of the manifest.</summary>
    public int ManifestBytesMax { get; init; } = 1 << 20;

    /// <summary>Number of entries.</summary>
    public int FilesMax { get; init; } = 32;

    /// <summary>Length of an entry's name.</summary>
    public int NameLengthMax { get; init; } = 100;
}

/// <summary>Outcome of reading: a package, or the reason why there is none.</summary>
public sealed record PackageReading(ModelPackage? Package, string? Error)
{
    internal static PackageReading Refused(string error) => new(null, error);
}
