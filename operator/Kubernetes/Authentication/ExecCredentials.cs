using System.ComponentModel;
using System.Diagnostics;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using WafOperator.Kubernetes.Objects;

namespace WafOperator.Kubernetes.Authentication;

/// <summary>
/// Runs a credential plug-in and caches its answer until shortly before it expires, or until a 401.
/// Source: Kubernetes documentation, "client-go credential plugins".
/// </summary>
#pragma warning disable CA1001 // a semaphore whose wait handle is never taken has nothing to release
internal sealed class ExecCredentials(ExecPlugin plugin, TimeProvider time) : ICredentialSource
#pragma warning restore CA1001
{
    private const int OutputCharsMax = 1 << 20;
    private static readonly TimeSpan RunMax = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan RenewBefore = TimeSpan.FromSeconds(10);
    private readonly SemaphoreSlim _gate = new(1, 1);
    private volatile Cached? _cached;

    public async ValueTask<Credential> GetAsync(CancellationToken cancellationToken)
    {
        if (Fresh(_cached) is { } credential) return credential;
        await _gate.WaitAsync(cancellationToken);
        try
        {
            if (Fresh(_cached) is { } renewed) return renewed;
            var next = Read(await RunAsync(cancellationToken));
            _cached = next;
            return next.Credential;
        }
        finally
        {
            _gate.Release();
        }
    }

    public void Invalidate() => _cached = null;

    public override string ToString() => $"credential plug-in {plugin.Command}";

    private Credential? Fresh(Cached? cached) =>
        cached is not null && (cached.Expires is not { } at || time.GetUtcNow() < at - RenewBefore)
            ? cached.Credential
            : null;

    private async Task<string> RunAsync(CancellationToken cancellationToken)
    {
        using var process = new Process { StartInfo = StartInfo() };
        try
        {
            process.Start();
        }
        catch (Exception e) when (e is Win32Exception or InvalidOperationException or IOException)
        {
            var hint = plugin.InstallHint is { Length: > 0 } text
                ? OneLine(text)
                : "install it or fix the user's exec.command";
            throw new KubeconfigException(
                $"cannot start the credential plug-in {plugin.Command}: {e.Message}. Next: {hint}", e);
        }

        using var limit = new CancellationTokenSource(RunMax, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            process.StandardInput.Close();
            var errors = ReadLimitedAsync(process.StandardError, both.Token);
            var output = await ReadLimitedAsync(process.StandardOutput, both.Token);
            var said = await errors;
            await process.WaitForExitAsync(both.Token);
            if (process.ExitCode == 0) return output;
            throw new KubeconfigException(
                $"the credential plug-in {plugin.Command} failed with exit code {process.ExitCode}: {OneLine(said)}. " +
                "Next: run it by hand and log in again");
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            throw new KubeconfigException(
                $"the credential plug-in {plugin.Command} did not answer within {RunMax.TotalSeconds:0} s. " +
                "Next: run it by hand; it may be waiting for input, which it cannot get here");
        }
        finally
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }
    }

    private ProcessStartInfo StartInfo()
    {
        var start = new ProcessStartInfo(plugin.Command)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        foreach (var argument in plugin.Arguments) start.ArgumentList.Add(argument);
        foreach (var (name, value) in plugin.Environment) start.Environment[name] = value;
        var info = new JsonObject
        {
            ["apiVersion"] = plugin.ApiVersion,
            ["kind"] = "ExecCredential",
            ["spec"] = new JsonObject { ["interactive"] = false },
        };
        start.Environment["KUBERNETES_EXEC_INFO"] = info.ToJsonString();
        return start;
    }

    private Cached Read(string output)
    {
        try
        {
            using var document = JsonDocument.Parse(output);
            var root = document.RootElement;
            if (root.Text("kind") != "ExecCredential") throw Bad("it did not print an ExecCredential");
            if (root.Text("apiVersion") != plugin.ApiVersion)
                throw Bad(
                    $"it printed apiVersion {root.Text("apiVersion")}, the kubeconfig asks for {plugin.ApiVersion}");
            var token = root.Text("status", "token");
            X509Certificate2? certificate = null;
            if (root.Text("status", "clientCertificateData") is { } pem)
            {
                if (root.Text("status", "clientKeyData") is not { } key)
                    throw Bad("it gave a certificate without its key");
                certificate = PemFiles.ClientCertificate(pem, key, $"plug-in {plugin.Command}");
            }

            if (token is null && certificate is null) throw Bad("it gave neither a token nor a client certificate");
            DateTimeOffset? expires = root.Text("status", "expirationTimestamp") is { } text
                ? KubernetesTime.TryParse(text, out var at) ? at : throw Bad("its expirationTimestamp is not a time")
                : null;
            return new Cached(new Credential(token is null ? null : $"Bearer {token}", certificate), expires);
        }
        catch (JsonException)
        {
            throw Bad("it did not print JSON"); // the output may hold a token: do not repeat it
        }
    }

    private KubeconfigException Bad(string why) =>
        new($"the credential plug-in {plugin.Command} gave an unusable answer: {why}. Next: update the plug-in");

    private static async Task<string> ReadLimitedAsync(StreamReader reader, CancellationToken cancellationToken)
    {
        var text = new StringBuilder();
        var buffer = new char[4096];
        int count;
        while ((count = await reader.ReadAsync(buffer, cancellationToken)) > 0)
        {
            if (text.Length + count > OutputCharsMax)
                throw new KubeconfigException($"a credential plug-in printed more than {OutputCharsMax} characters");
            text.Append(buffer, 0, count);
        }

        return text.ToString();
    }

    private static string OneLine(string text)
    {
        var line = text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .LastOrDefault() ?? "it said nothing";
        return line.Length <= 300 ? line : line[..300] + "…";
    }

    private sealed record Cached(Credential Credential, DateTimeOffset? Expires);
}
