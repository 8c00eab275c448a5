using System.Security.Cryptography;
using WafOperator.Protocols.Policies;

namespace WafOperator.Proxy.Sync;

/// <summary>What a policy file holds: a document, or why there is none.</summary>
/// <param name="Document">The compiled document.</param>
/// <param name="Errors">What is wrong, each with its place.</param>
/// <param name="ChangesAt">When the document changes by itself (an exclusion expires), if ever.</param>
public sealed record PolicyFileContent(PolicyDocument? Document, IReadOnlyList<string> Errors, DateTimeOffset? ChangesAt);

/// <summary>Follows a policy file: a changed content is loaded, a bad one refused while the last good stays in force.</summary>
internal sealed class FileSync(
    string path, Func<string, DateTimeOffset, PolicyFileContent> compile, PolicyKeeper keeper, TimeProvider time)
{
    /// <summary>Contents are compared, not times: mounted volumes and editors replace files in too many ways to watch.</summary>
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    private byte[] _digest = [];
    private DateTimeOffset? _changesAt;

    /// <summary>Loads the file now; null when it is in force, else what is wrong.</summary>
    public string? Load()
    {
        string text;
        try
        {
            text = File.ReadAllText(path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return $"cannot read {path}: {failure.Message}";
        }

        var digest = SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(text));
        var now = time.GetUtcNow();
        if (digest.AsSpan().SequenceEqual(_digest) && !(now >= _changesAt)) return null;
        _digest = digest;
        var content = compile(text, now);
        _changesAt = content.ChangesAt;
        keeper.Heard();
        if (content.Document is { } document && content.Errors.Count == 0)
            return keeper.Load(document) ? null : keeper.State.RejectedReason;
        var reason = string.Join(Environment.NewLine, content.Errors);
        keeper.Refuse(null, reason);
        return reason;
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(LookEvery, time);
        while (await timer.WaitForNextTickAsync(cancellationToken)) Load();
    }
}
