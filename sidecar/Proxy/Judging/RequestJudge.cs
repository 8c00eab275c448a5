using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using WafOperator.Listening;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Listening;

namespace WafOperator.Proxy.Judging;

/// <summary>What a judge needs besides the policy.</summary>
public sealed record JudgeOptions
{
    /// <summary>Folder with rule sets, or null.</summary>
    public string? RulesDirectory { get; init; }

    /// <summary>Folder with model packages, or null.</summary>
    public string? ModelsDirectory { get; init; }

    /// <summary>Where other packages come from, or null.</summary>
    public PackageOrigin? Packages { get; init; }

    /// <summary>Bounds, as a sidecar has them.</summary>
    public ProxyLimits Limits { get; init; } = new();

    /// <summary>Time for one request; what takes longer is given up, and says so.</summary>
    public TimeSpan RequestWithin { get; init; } = TimeSpan.FromSeconds(30);
}

/// <summary>
/// The sidecar itself, in this process and without a socket: requests are read by the same server, inspected by the
/// same stages and decided by the same code as in a pod, and go nowhere. What depends on the pace or past of clients
/// is left out (<see cref="JudgingDocument"/>). Thread-safe.
/// </summary>
public sealed class RequestJudge : IAsyncDisposable
{
    /// <summary>Bytes of an answer's first line.</summary>
    private const int StatusLineBytes = 12;

    private readonly Sidecar _sidecar;
    private readonly MemoryEndPoint _endpoint;
    private readonly JudgeOptions _options;

    private RequestJudge(Sidecar sidecar, MemoryEndPoint endpoint, JudgeOptions options, PolicyDocument document) =>
        (_sidecar, _endpoint, _options, Document) = (sidecar, endpoint, options, document);

    /// <summary>The policy that is judged by.</summary>
    public PolicyDocument Document { get; }

    /// <summary>The policy's mode is Off: requests pass, and nothing is decided or recorded.</summary>
    public bool IsOff => Document.Mode is InspectionMode.Off;

    /// <summary>Compiles a policy, in a second or so, and makes a judge of it.</summary>
    /// <exception cref="JudgingException">The sidecar refuses the policy.</exception>
    public static async Task<RequestJudge> StartAsync(
        PolicyDocument document, JudgeOptions options, CancellationToken cancellationToken)
    {
        var endpoint = new MemoryEndPoint("judge");
        var sidecar = new Sidecar(
            new SidecarOptions
            {
                // Nothing is forwarded; the address is none that could be called.
                Listeners = [new ProxyListener("judge", endpoint, new Uri("http://judged.invalid"))],
                RulesDirectory = options.RulesDirectory,
                ModelsDirectory = options.ModelsDirectory,
                Packages = options.Packages,
                Limits = options.Limits,
            },
            TimeProvider.System, NullLoggerFactory.Instance);
        var judging = JudgingDocument.Of(document);
        try
        {
            // It takes a second of work, and may wait for packages.
            if (await Task.Run(() => sidecar.Load(judging), cancellationToken) is { } refusal)
                throw new JudgingException($"the sidecar refuses the policy: {refusal.ReplaceLineEndings("; ")}");
            await sidecar.StartAsync(cancellationToken);
            return new RequestJudge(sidecar, endpoint, options, document);
        }
        catch
        {
            await sidecar.DisposeAsync();
            throw;
        }
    }

    /// <summary>Judges the first request of some bytes.</summary>
    /// <param name="request">A request as it goes over the wire of HTTP/1.1.</param>
    /// <param name="client">Who sent it; the policy's <c>clientIdentity</c> holds as in a pod.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="TimeoutException">It took longer than <see cref="JudgeOptions.RequestWithin"/>.</exception>
    public async Task<Judgement> JudgeAsync(
        ReadOnlyMemory<byte> request, IPAddress client, CancellationToken cancellationToken)
    {
        var slot = new JudgementSlot();
        using var exchange = _endpoint.Send(
            new IPEndPoint(client, 0), request.Span, features => features.Set(slot))
            ?? throw new ObjectDisposedException(nameof(RequestJudge));
        try
        {
            var hasEnded = await exchange.Done.WaitAsync(_options.RequestWithin, cancellationToken);
            if (!hasEnded && slot.Count == 0)
            {
                // The bytes hold no whole request: the server says so once it knows that nothing more comes.
                exchange.Close();
                await exchange.Ended.WaitAsync(_options.RequestWithin, cancellationToken);
            }
        }
        catch (TimeoutException)
        {
            throw new TimeoutException(
                $"the request was not judged within {_options.RequestWithin.TotalSeconds:0} seconds");
        }

        var (status, answers) = Answers(exchange.Answers);
        var decision = slot.First.IsCompletedSuccessfully ? await slot.First : null;
        return new Judgement(
            decision is null ? status : decision.StatusCode is 0 ? 200 : decision.StatusCode, decision,
            Math.Max(slot.Count, answers));
    }

    public async ValueTask DisposeAsync()
    {
        await _sidecar.StopAsync(TimeSpan.Zero);
        await _sidecar.DisposeAsync();
    }

    /// <summary>The first status of what was answered, and how many answers there are.</summary>
    private static (int First, int Count) Answers(PipeReader answers)
    {
        var (first, count) = (0, 0);
        if (!answers.TryRead(out var read)) return (first, count);
        var buffer = read.Buffer;
        // The judge's answers are heads without bodies; those of the server itself as well.
        while (TakeHead(ref buffer) is { } status)
        {
            if (status is >= 100 and < 200) continue;
            if (count++ == 0) first = status;
        }

        return (first, count);
    }

    private static int? TakeHead(ref ReadOnlySequence<byte> buffer)
    {
        var reader = new SequenceReader<byte>(buffer);
        if (!reader.TryReadTo(out ReadOnlySequence<byte> head, "\r\n\r\n"u8)) return null;
        buffer = buffer.Slice(reader.Position);
        Span<byte> line = stackalloc byte[StatusLineBytes];
        var length = (int)Math.Min(head.Length, line.Length);
        head.Slice(0, length).CopyTo(line);
        var text = Encoding.ASCII.GetString(line[..length]);
        return text.StartsWith("HTTP/1.", StringComparison.Ordinal) && int.TryParse(text.AsSpan(9), out var status)
            ? status : 0;
    }
}
