using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;

namespace WafOperator.Outside;

/// <summary>
/// Calls everything outside of the cluster's API server: allowed addresses only, within a deadline that includes the
/// last byte, up to a number of bytes, at a least pace. Failures are values of a closed set; details go to the log.
/// Thread-safe.
/// </summary>
public sealed partial class OutsideHttp(
    OutsideConnections connections, TimeProvider time, ILogger<OutsideHttp> logger)
{
    private const int BufferBytes = 64 << 10;

    /// <summary>Reads an answer into memory.</summary>
    public async Task<OutsideAnswer> ReadAsync(OutsideCall call, CancellationToken cancellationToken)
    {
        using var body = new MemoryStream();
        var answer = await CallAsync(call, body, cancellationToken);
        return answer with { Body = body.GetBuffer().AsMemory(0, (int)body.Length) };
    }

    /// <summary>Reads an answer into a file that goes when it is disposed; never whole into memory.</summary>
    /// <param name="call">The call.</param>
    /// <param name="folder">Where the file is made.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public async Task<(OutsideAnswer Answer, DownloadStream? File)> DownloadAsync(
        OutsideCall call, string folder, CancellationToken cancellationToken)
    {
        var file = DownloadStream.Create(folder);
        try
        {
            var answer = await CallAsync(call, file, cancellationToken);
            if (answer.Problem is null) return (answer, file);
            await file.DisposeAsync();
            return (answer, null);
        }
        catch
        {
            await file.DisposeAsync();
            throw;
        }
    }

    private async Task<OutsideAnswer> CallAsync(OutsideCall call, Stream sink, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(call.TimeMax, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        var (problem, detail, challenge) = await FollowAsync(call, sink, both.Token, cancellationToken);
        if (problem is { } known) LogNothing(call.Subject, call.Uri.Host, call.Uri.Port, known, detail);
        return new OutsideAnswer(problem, default, challenge);
    }

    private async Task<Outcome> FollowAsync(
        OutsideCall call, Stream sink, CancellationToken limit, CancellationToken cancellationToken)
    {
        var (uri, redirects) = (call.Uri, 0);
        while (true)
        {
            var authorization = uri.Authority == call.Uri.Authority && uri.Scheme == call.Uri.Scheme
                ? call.Authorization : null;
            if (!call.IsToPod
                && connections.Rules.ProblemOf(uri, authorization is not null || call.IsSigned) is { } refused)
                return new Outcome(refused, uri.Authority);
            try
            {
                using var request = RequestOf(call, uri, authorization);
                using var answer = await (call.IsToPod ? connections.Pods : connections.Outside).SendAsync(
                    request, HttpCompletionOption.ResponseHeadersRead, limit);
                if (TargetOf(answer, uri) is { } next && redirects++ < call.RedirectsMax)
                {
                    uri = next;
                    continue;
                }

                if (!answer.IsSuccessStatusCode) return new Outcome(
                    OutsideProblem.Unanswered, $"HTTP {(int)answer.StatusCode}", ChallengeOf(answer));
                return await CopyAsync(answer, sink, call.BytesMax, limit);
            }
            catch (Exception failure) when (failure is HttpRequestException or IOException or OperationCanceledException
                or TimeoutException)
            {
                cancellationToken.ThrowIfCancellationRequested();
                return ProblemOf(failure);
            }
        }
    }

    private static HttpRequestMessage RequestOf(OutsideCall call, Uri uri, string? authorization)
    {
        var request = new HttpRequestMessage(call.Method, uri);
        foreach (var (name, value) in call.Headers) request.Headers.TryAddWithoutValidation(name, value);
        if (authorization is not null) request.Headers.TryAddWithoutValidation("Authorization", authorization);
        if (call.ContentType is not { } type) return request;
        request.Content = new ReadOnlyMemoryContent(call.Body);
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(type);
        return request;
    }

    /// <summary>Where a redirect leads; never from https to anything else.</summary>
    private static Uri? TargetOf(HttpResponseMessage answer, Uri uri)
    {
        if (answer.StatusCode is not (HttpStatusCode.Moved or HttpStatusCode.Found or HttpStatusCode.SeeOther
            or HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect)) return null;
        if (answer.Headers.Location is not { } location) return null;
        var next = location.IsAbsoluteUri ? location : new Uri(uri, location);
        return uri.Scheme == "https" && next.Scheme != "https" ? null : next;
    }

    private static string? ChallengeOf(HttpResponseMessage answer) =>
        answer.StatusCode is HttpStatusCode.Unauthorized
            ? answer.Headers.WwwAuthenticate.FirstOrDefault(h => h.Scheme == "Bearer")?.Parameter : null;

    private async Task<Outcome> CopyAsync(
        HttpResponseMessage answer, Stream sink, long bytesMax, CancellationToken cancellationToken)
    {
        if (answer.Content.Headers.ContentLength > bytesMax)
            return new Outcome(OutsideProblem.TooLarge, $"{answer.Content.Headers.ContentLength} bytes");
        await using var source = await answer.Content.ReadAsStreamAsync(cancellationToken);
        using var silence = new CancellationTokenSource(connections.Limits.SilenceMax, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, silence.Token);
        var (buffer, total, started) = (new byte[BufferBytes], 0L, time.GetTimestamp());
        int count;
        while ((count = await source.ReadAsync(buffer, both.Token)) > 0)
        {
            total += count;
            if (total > bytesMax) return new Outcome(OutsideProblem.TooLarge, $"more than {bytesMax} bytes");
            await sink.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
            var elapsed = time.GetElapsedTime(started);
            if (IsTooSlow(total, elapsed)) return new Outcome(
                OutsideProblem.Unanswered, $"{total} bytes in {elapsed.TotalSeconds:0} s are too few");
            silence.CancelAfter(connections.Limits.SilenceMax);
        }

        return new Outcome(null, "");
    }

    private bool IsTooSlow(long bytes, TimeSpan elapsed) =>
        elapsed > connections.Limits.SilenceMax && bytes < elapsed.TotalSeconds * connections.Limits.PaceMin;

    private static Outcome ProblemOf(Exception failure)
    {
        for (var inner = failure; inner is not null; inner = inner.InnerException)
        {
            if (inner is OutsideNotAllowedException) return new Outcome(OutsideProblem.NotAllowed, inner.Message);
        }

        return new Outcome(
            OutsideProblem.Unanswered,
            failure is OperationCanceledException ? "not in time" : failure.InnerException?.Message ?? failure.Message);
    }

    [LoggerMessage(4710, LogLevel.Warning, "A call for {Subject} to {Host}:{Port} gave nothing ({Problem}): {Detail}")]
    private partial void LogNothing(string subject, string host, int port, OutsideProblem problem, string detail);

    private sealed record Outcome(OutsideProblem? Problem, string Detail, string? Challenge = null);
}

/// <summary>A file of its own that was written once, and its digest; it goes when disposed.</summary>
public sealed class DownloadStream : Stream
{
    private readonly FileStream _file;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    private DownloadStream(FileStream file) => _file = file;

    public override bool CanRead => false;
    public override bool CanSeek => false;
    public override bool CanWrite => true;
    public override long Length => _file.Length;

    public override long Position
    {
        get => _file.Position;
        set => throw new NotSupportedException();
    }

    /// <summary><c>sha256:…</c> of what was written.</summary>
    public string Digest => "sha256:" + Convert.ToHexStringLower(_hash.GetCurrentHash());

    public static DownloadStream Create(string folder)
    {
        Directory.CreateDirectory(folder);
        return new DownloadStream(new FileStream(
            Path.Combine(folder, Path.GetRandomFileName()),
            new FileStreamOptions
            {
                Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite, Share = FileShare.None,
                Options = FileOptions.DeleteOnClose | FileOptions.Asynchronous,
            }));
    }

    /// <summary>What was written, in memory.</summary>
    public async Task<ReadOnlyMemory<byte>> ReadAllAsync(CancellationToken cancellationToken)
    {
        await _file.FlushAsync(cancellationToken);
        var content = new byte[_file.Length];
        _file.Position = 0;
        await _file.ReadExactlyAsync(content, cancellationToken);
        return content;
    }

    public override async ValueTask WriteAsync(
        ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        _hash.AppendData(buffer.Span);
        await _file.WriteAsync(buffer, cancellationToken);
    }

    public override void Write(byte[] buffer, int offset, int count)
    {
        _hash.AppendData(buffer, offset, count);
        _file.Write(buffer, offset, count);
    }

    public override void Flush() => _file.Flush();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        _file.Dispose();
        _hash.Dispose();
        base.Dispose(disposing);
    }
}
