using WafOperator.Resources.Models;

namespace WafOperator.Controllers.Models;

/// <summary>Bytes of an artifact, or why there are none.</summary>
/// <param name="Content">The bytes.</param>
/// <param name="Error">What went wrong, in words.</param>
/// <param name="IsFinal">Trying again cannot help.</param>
public sealed record ArtifactFetch(ReadOnlyMemory<byte>? Content, string? Error, bool IsFinal)
{
    public static ArtifactFetch Of(ReadOnlyMemory<byte> content) => new(content, null, false);

    /// <summary>It is on its way, which is no failure.</summary>
    public bool IsUnderWay { get; init; }

    public static ArtifactFetch Later(string error) => new(null, error, false);

    public static ArtifactFetch Wait(string what) => new(null, what, false) { IsUnderWay = true };

    public static ArtifactFetch Never(string error) => new(null, error, true);
}

/// <summary>Fetches artifacts of one or more URI schemes, bounded. Failures are values.</summary>
public interface IArtifactSource
{
    /// <summary>Schemes it serves, such as <c>https</c>.</summary>
    IReadOnlyList<string> Schemes { get; }

    /// <param name="uri">URI of the artifact.</param>
    /// <param name="ns">Namespace of the ModelVersion, for Secrets and ConfigMaps.</param>
    /// <param name="artifact">The artifact.</param>
    /// <param name="bytesMax">Most bytes.</param>
    /// <param name="cancellationToken">Ends the fetch.</param>
    Task<ArtifactFetch> FetchAsync(
        Uri uri, string ns, ModelArtifact artifact, long bytesMax, CancellationToken cancellationToken);
}
