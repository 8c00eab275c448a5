using WafOperator.Outside;
using WafOperator.Protocols.Models;
using WafOperator.Resources.Models;

namespace WafOperator.Controllers.Models;

/// <summary>
/// Content of an artifact: in a file, or in memory where it is small. Its digest is known before it is read into memory.
/// </summary>
public sealed class ArtifactContent : IAsyncDisposable
{
    private readonly DownloadStream? _file;
    private readonly ReadOnlyMemory<byte> _memory;

    private ArtifactContent(DownloadStream? file, ReadOnlyMemory<byte> memory, string digest) =>
        (_file, _memory, Digest) = (file, memory, digest);

    /// <summary><c>sha256:…</c>.</summary>
    public string Digest { get; }

    public static ArtifactContent Of(DownloadStream file) => new(file, default, file.Digest);

    public static ArtifactContent Of(ReadOnlyMemory<byte> memory) =>
        new(null, memory, ModelPackageReader.DigestOf(memory.Span));

    public async Task<ReadOnlyMemory<byte>> ReadAsync(CancellationToken cancellationToken) =>
        _file is null ? _memory : await _file.ReadAllAsync(cancellationToken);

    public ValueTask DisposeAsync() => _file?.DisposeAsync() ?? ValueTask.CompletedTask;
}

/// <summary>Content of an artifact, or why there is none.</summary>
/// <param name="Content">The content; whoever gets it disposes of it.</param>
/// <param name="Error">What went wrong, in words that everybody may read who may write a ModelVersion.</param>
/// <param name="IsFinal">Trying again cannot help.</param>
public sealed record ArtifactFetch(ArtifactContent? Content, string? Error, bool IsFinal)
{
    public static ArtifactFetch Of(ReadOnlyMemory<byte> content) => new(ArtifactContent.Of(content), null, false);

    public static ArtifactFetch Of(DownloadStream file) => new(ArtifactContent.Of(file), null, false);

    /// <summary>It is on its way, which is no failure.</summary>
    public bool IsUnderWay { get; init; }

    public static ArtifactFetch Later(string error) => new(null, error, false);

    public static ArtifactFetch Wait(string what) => new(null, what, false) { IsUnderWay = true };

    public static ArtifactFetch Never(string error) => new(null, error, true);

    /// <summary>A call that gave nothing, in the closed set's words.</summary>
    public static ArtifactFetch Of(OutsideProblem problem, string host) => problem switch
    {
        OutsideProblem.Unanswered => Later($"{host}: {OutsideWords.Of(problem)}"),
        OutsideProblem.TooLarge => Never("the artifact has more bytes than spec.artifact.sizeLimit allows"),
        _ => Never($"{host}: {OutsideWords.Of(problem)}"),
    };
}

/// <summary>Fetches artifacts of one or more URI schemes, bounded. Failures are values.</summary>
public interface IArtifactSource
{
    /// <summary>Schemes it serves, such as <c>https</c>.</summary>
    IReadOnlyList<string> Schemes { get; }

    /// <param name="wanted">What to fetch.</param>
    /// <param name="cancellationToken">Ends the fetch.</param>
    Task<ArtifactFetch> FetchAsync(WantedArtifact wanted, CancellationToken cancellationToken);
}

/// <summary>An artifact and for whom it is fetched.</summary>
/// <param name="Uri">URI of the artifact.</param>
/// <param name="Namespace">Namespace of the ModelVersion, for Secrets and ConfigMaps.</param>
/// <param name="Artifact">The artifact.</param>
/// <param name="BytesMax">Most bytes.</param>
public sealed record WantedArtifact(Uri Uri, string Namespace, ModelArtifact Artifact, long BytesMax)
{
    /// <summary>Time for a whole fetch: the largest package at the least pace would need longer, and is refused.</summary>
    public static readonly TimeSpan TimeMax = TimeSpan.FromMinutes(5);

    /// <summary>For the log.</summary>
    public string Subject => $"a ModelVersion in {Namespace}";

    /// <summary>A GET of some of it.</summary>
    public OutsideCall Get(Uri uri) =>
        new(HttpMethod.Get, uri, Subject) { TimeMax = TimeMax, BytesMax = BytesMax };
}

/// <summary>Where sources keep what they fetch until it is verified.</summary>
/// <param name="Http">The client.</param>
/// <param name="Folder">Folder for files that are being fetched.</param>
public sealed record ArtifactTransport(OutsideHttp Http, string Folder)
{
    /// <summary>Fetches into a file.</summary>
    public async Task<ArtifactFetch> DownloadAsync(OutsideCall call, CancellationToken cancellationToken)
    {
        var (answer, file) = await Http.DownloadAsync(call, Folder, cancellationToken);
        return file is null ? ArtifactFetch.Of(answer.Problem ?? OutsideProblem.Unanswered, call.Uri.Host)
            : ArtifactFetch.Of(file);
    }
}
