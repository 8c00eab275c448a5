using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Watching;

namespace WafOperator.Kubernetes.Client;

public sealed partial class KubernetesClient
{
    /// <summary>
    /// One watch from a resource version on, until the server ends it (normal, after <paramref name="limits"/>'s time),
    /// or an exception: <see cref="KubernetesApiException.IsExpired"/> means list again,
    /// <see cref="KubernetesUnreachableException"/> that the connection broke or fell silent. Most callers want an
    /// informer instead, which handles all of these.
    /// </summary>
    public async IAsyncEnumerable<WatchEvent<TObject>> WatchAsync<TObject>(
        ResourceType<TObject> type,
        ListOptions options,
        string resourceVersion,
        WatchLimits limits,
        [EnumeratorCancellation] CancellationToken cancellationToken)
        where TObject : class, IKubernetesObject
    {
        var query = new QueryText()
            .Add("watch", "true")
            .Add("allowWatchBookmarks", "true")
            .Add("resourceVersion", resourceVersion)
            .Add("timeoutSeconds", ((int)limits.Duration.TotalSeconds).ToString(CultureInfo.InvariantCulture))
            .Add("labelSelector", options.LabelSelector)
            .Add("fieldSelector", options.FieldSelector).ToString();
        var key = new NamespacedName(options.Namespace ?? "", "");
        var request = Request(ApiVerb.Watch, HttpMethod.Get, type, key, null, query);
        using var silence = new CancellationTokenSource(limits.SilenceMax, _time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(silence.Token, cancellationToken);
        using var response = await _transport.OpenAsync(request, cancellationToken);
        yield return new WatchEvent<TObject>.Opened();
        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        var lines = WatchLines
            .ReadAsync(stream, _options.WatchEventBytesMax, () => silence.CancelAfter(limits.SilenceMax), stop.Token)
            .GetAsyncEnumerator(stop.Token);
        await using (lines)
        {
            while (await NextAsync(lines, request.Target, limits, cancellationToken))
            {
                if (Event(type, request.Target, lines.Current) is { } e) yield return e;
            }
        }
    }

    private static async ValueTask<bool> NextAsync(
        IAsyncEnumerator<ReadOnlyMemory<byte>> lines,
        ApiTarget target,
        WatchLimits limits,
        CancellationToken cancellationToken)
    {
        try
        {
            return await lines.MoveNextAsync();
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new KubernetesUnreachableException(
                target, $"cannot {target}: nothing came for {limits.SilenceMax.TotalSeconds:0} s; connecting anew", e)
            {
                IsSilence = true,
            };
        }
        catch (Exception e) when (e is IOException or HttpRequestException or InvalidDataException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw new KubernetesUnreachableException(target, $"cannot {target}: the connection broke: {e.Message}", e);
        }
    }

    private static WatchEvent<TObject>? Event<TObject>(
        ResourceType<TObject> type, ApiTarget target, ReadOnlyMemory<byte> line)
        where TObject : class, IKubernetesObject
    {
        try
        {
            return WatchReader.Read(type, target, line);
        }
        catch (JsonException e)
        {
            throw new KubernetesUnreachableException(target, $"cannot {target}: an event is broken: {e.Message}", e);
        }
    }
}
