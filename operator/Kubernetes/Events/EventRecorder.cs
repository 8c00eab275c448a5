using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Telemetry;

namespace WafOperator.Kubernetes.Events;

/// <summary>
/// Writes events in the background. Recording never blocks and never fails: when the server cannot keep up the newest
/// events are dropped and counted. Run <see cref="RunAsync"/> once; recording is safe from anywhere.
/// </summary>
public sealed class EventRecorder
{
    private const int WaitingMax = 1000;
    private const int MessageBytesMax = 1024;
    private readonly KubernetesClient _client;
    private readonly string _component;
    private readonly RuntimeServices _services;
    private readonly ILogger _logger;
    private readonly EventCorrelator _correlator;

    private readonly Channel<EventNote> _waiting = Channel.CreateBounded<EventNote>(
        new BoundedChannelOptions(WaitingMax) { SingleReader = true });

    /// <param name="client">Writes the events.</param>
    /// <param name="component">Shown as the source of the events.</param>
    /// <param name="services">Clock, chance, logs.</param>
    public EventRecorder(KubernetesClient client, string component, RuntimeServices services)
    {
        _client = client;
        _component = component;
        _services = services;
        _logger = services.Loggers.CreateLogger<EventRecorder>();
        _correlator = new EventCorrelator(services.Time);
    }

    /// <summary>Takes an event to be written soon.</summary>
    public void Record(EventNote note)
    {
        if (!_waiting.Writer.TryWrite(note with { Message = Cut(note.Message) })) RuntimeMetrics.EventDropped("full");
    }

    public void Normal(EventSubject subject, string reason, string message) =>
        Record(new EventNote(subject, EventType.Normal, reason, message));

    public void Warning(EventSubject subject, string reason, string message) =>
        Record(new EventNote(subject, EventType.Warning, reason, message));

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var note in _waiting.Reader.ReadAllAsync(cancellationToken))
                await WriteAsync(note, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Events that still wait are lost, as events may be.
        }
    }

    private async Task WriteAsync(EventNote note, CancellationToken cancellationToken)
    {
        if (_correlator.Correlate(note) is not { } write)
        {
            RuntimeMetrics.EventDropped("spam");
            return;
        }

        try
        {
            if (write.ExistingName is { } name && await CountAsync(write, name, cancellationToken)) return;
            var stored = await _client.CreateAsync(BuiltIn.Events, Body(write), cancellationToken);
            _correlator.Stored(write, stored.Metadata.Name);
        }
        catch (KubernetesException e)
        {
            RuntimeMetrics.EventDropped("failed");
            EventLog.Failed(_logger, note.Reason, note.Subject.Key.ToString(), e.Message);
        }
    }

    /// <summary>Raises the count of a stored event; false when the server forgot it.</summary>
    private async Task<bool> CountAsync(EventWrite write, string name, CancellationToken cancellationToken)
    {
        var patch = Patch.Merge(new JsonObject
        {
            ["count"] = write.Count,
            ["lastTimestamp"] = KubernetesTime.Seconds(_services.Time.GetUtcNow()),
        });
        try
        {
            var key = new NamespacedName(NamespaceOf(write.Note), name);
            await _client.PatchAsync(BuiltIn.Events, key, patch, cancellationToken);
            return true;
        }
        catch (KubernetesApiException e) when (e.IsNotFound)
        {
            _correlator.Expired(write);
            return false;
        }
    }

    private JsonObject Body(EventWrite write)
    {
        var (subject, type, reason, message) = write.Note;
        var now = KubernetesTime.Seconds(_services.Time.GetUtcNow());
        var prefix = subject.Key.Name.Length <= 200 ? subject.Key.Name : subject.Key.Name[..200];
        var regarding = new JsonObject
        {
            ["apiVersion"] = subject.ApiVersion,
            ["kind"] = subject.Kind,
            ["name"] = subject.Key.Name,
        };
        if (subject.Key.Namespace.Length > 0) regarding["namespace"] = subject.Key.Namespace;
        if (subject.Uid.Length > 0) regarding["uid"] = subject.Uid;
        return new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["namespace"] = NamespaceOf(write.Note),
                ["name"] = $"{prefix.TrimEnd('.', '-')}.{_services.Jitter.Suffix()}",
            },
            ["involvedObject"] = regarding,
            ["type"] = type.ToString(),
            ["reason"] = reason,
            ["message"] = message,
            ["source"] = new JsonObject { ["component"] = _component },
            ["firstTimestamp"] = now,
            ["lastTimestamp"] = now,
            ["count"] = write.Count,
        };
    }

    /// <summary>Events about cluster-scoped objects live in "default", by convention.</summary>
    private static string NamespaceOf(EventNote note) =>
        note.Subject.Key.Namespace.Length > 0 ? note.Subject.Key.Namespace : "default";

    private static string Cut(string message)
    {
        if (Encoding.UTF8.GetByteCount(message) <= MessageBytesMax) return message;
        var length = Math.Min(message.Length, MessageBytesMax);
        while (Encoding.UTF8.GetByteCount(message.AsSpan(0, length)) > MessageBytesMax - 3) length--;
        if (char.IsHighSurrogate(message[length - 1])) length--;
        return message[..length] + "…";
    }
}
