using System.Net.Http.Headers;
using System.Text.Json;
using WafOperator.Controllers.Sidecars;
using WafOperator.Distribution;
using WafOperator.Kubernetes.Objects;
using WafOperator.Protocols;
using WafOperator.Protocols.Status;

namespace WafOperator.Operator.Host;

/// <summary>
/// Statuses go to the replica whose controllers read them: the leader keeps them, the others pass them on to it
/// (decisions/2026-11-29-status-push.md). Thread-safe.
/// </summary>
/// <param name="reports">Where the leader keeps them.</param>
/// <param name="leads">Whether this replica leads.</param>
/// <param name="leader">Where statuses are posted at the leader; null while it is not known.</param>
/// <param name="replicas">Calls other replicas.</param>
internal sealed class StatusRelay(
    SidecarReports reports, Func<bool> leads, Func<Uri?> leader, HttpClient replicas) : IStatusSink
{
    private static readonly PushAnswer NobodyLeads = new(503, "no replica of the operator leads at present; try again");

    public async Task<PushAnswer> AcceptAsync(PushedStatus pushed, CancellationToken cancellationToken)
    {
        if (leads()) return Keep(pushed);
        return pushed.IsRelayed || leader() is not { } address
            ? NobodyLeads
            : await PassOnAsync(address, pushed, cancellationToken);
    }

    private PushAnswer Keep(PushedStatus pushed)
    {
        SidecarStatus? status;
        try
        {
            status = JsonSerializer.Deserialize<SidecarStatus>(pushed.Json.Span, ProtocolJson.Default.Options);
        }
        catch (JsonException)
        {
            status = null;
        }

        if (status?.Format != SidecarStatus.FormatVersion)
            return new PushAnswer(400, $"that is not a status ({SidecarStatus.FormatVersion})");
        return reports.Accept(new NamespacedName(pushed.Namespace, pushed.Pod.Name), pushed.Pod.Uid, status) switch
        {
            ReportOutcome.Taken or ReportOutcome.TakenInPart => new PushAnswer(202),
            ReportOutcome.TooSoon => new PushAnswer(429, "this pod reported a moment ago"),
            _ => new PushAnswer(
                404, $"pod {pushed.Namespace}/{pushed.Pod.Name} carries no sidecar that this operator injected"),
        };
    }

    /// <summary>Where a replica takes statuses, by the address of its pod.</summary>
    public static Uri? AddressOf(PodView? replica, int port)
    {
        if (replica?.Address is not { } address) return null;
        var host = address.Contains(':', StringComparison.Ordinal) ? $"[{address}]" : address;
        return new Uri($"https://{host}:{port}/v1/status");
    }

    private async Task<PushAnswer> PassOnAsync(Uri leader, PushedStatus pushed, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, leader);
        request.Content = new ReadOnlyMemoryContent(pushed.Json);
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.TryAddWithoutValidation("Authorization", pushed.Authorization);
        request.Headers.TryAddWithoutValidation(StatusEndpoint.RelayedHeader, "1");
        try
        {
            using var answer = await replicas.SendAsync(request, cancellationToken);
            return answer.IsSuccessStatusCode
                ? new PushAnswer((int)answer.StatusCode)
                : new PushAnswer((int)answer.StatusCode, "the replica that leads did not take the status");
        }
        catch (Exception failure) when (failure is HttpRequestException or TaskCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return new PushAnswer(503, "the replica that leads cannot be reached; try again");
        }
    }
}
