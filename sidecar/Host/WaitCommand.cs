using System.Globalization;

namespace WafOperator.Sidecar.Host;

/// <summary>Waits until the sidecar of this pod is ready.</summary>
internal static class WaitCommand
{
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(100);

    public static async Task<int> RunAsync(
        SidecarTask.Wait wait, Func<string, string?> environment, TextWriter errors,
            CancellationToken cancellationToken)
    {
        var port = environment("WAF_ADMIN_PORT") ?? SidecarEnvironment.AdminPort.ToString(CultureInfo.InvariantCulture);
        var url = new Uri(wait.Admin ?? new Uri($"http://127.0.0.1:{port}"), "/readyz");
        using var handler = new SocketsHttpHandler { UseProxy = false, ConnectTimeout = TimeSpan.FromSeconds(2) };
        using var client = new HttpClient(handler) { Timeout = TimeSpan.FromSeconds(5) };
        var until = TimeProvider.System.GetTimestamp();
        string last;
        do
        {
            try
            {
                using var response = await client.GetAsync(url, cancellationToken);
                if (response.IsSuccessStatusCode) return ExitCodes.Ok;
                last = (await response.Content.ReadAsStringAsync(cancellationToken)).Trim();
            }
            catch (HttpRequestException failure)
            {
                last = failure.Message;
            }
            catch (TaskCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                last = "no answer in time";
            }

            await Task.Delay(Between, cancellationToken);
        }
        while (TimeProvider.System.GetElapsedTime(until) < wait.Timeout);

        await errors.WriteLineAsync($"waf-sidecar: not ready after {wait.Timeout.TotalSeconds:0.#} s at {url}: {last}");
        return ExitCodes.Failed;
    }
}
