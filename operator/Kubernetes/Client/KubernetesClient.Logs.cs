using System.Globalization;
using WafOperator.Kubernetes.Objects;

namespace WafOperator.Kubernetes.Client;

public sealed partial class KubernetesClient
{
    /// <summary>
    /// The log of a container, as the node serves it. The caller disposes of the stream, which does so of the
    /// connection; it has no bound of its own.
    /// </summary>
    public async Task<Stream> OpenLogAsync(
        NamespacedName pod, LogOptions options, CancellationToken cancellationToken)
    {
        var query = new QueryText()
            .Add("container", options.Container)
            .Add("follow", options.Follow ? "true" : null)
            .Add("previous", options.Previous ? "true" : null)
            .Add("tailLines", options.TailLines?.ToString(CultureInfo.InvariantCulture))
            .Add("sinceSeconds", options.Since is { } since
                ? Math.Max(1, (long)since.TotalSeconds).ToString(CultureInfo.InvariantCulture) : null).ToString();
        var request = Request(ApiVerb.Get, HttpMethod.Get, BuiltIn.Pods, pod, "log", query);
        var response = await _transport.OpenAsync(request, cancellationToken);
        try
        {
            // Disposing of it disposes of the response.
            return await response.Content.ReadAsStreamAsync(cancellationToken);
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }
}
