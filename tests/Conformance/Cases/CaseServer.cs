using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using WafOperator.Conformance.Peer;
using WafOperator.Protocols;
using WafOperator.Protocols.Events;

namespace WafOperator.Conformance.Cases;

/// <summary>What became of a case.</summary>
/// <param name="Status">Status of the answer; 0 without any.</param>
/// <param name="Reached">The application got it.</param>
/// <param name="Event">The sidecar's record; null for what its server refused unread.</param>
internal sealed record CaseOutcome(int Status, bool Reached, SecurityEvent? Event)
{
    public override string ToString()
    {
        var rules = Event is null ? "" : string.Join(' ', Event.Rules.Take(6).Select(rule => rule.Id));
        return Event is null ? $"{Status}" : $"{Status} {Event.Reason}: {Event.Message} score {Event.Score} [{rules}]"
            + $" {string.Join(' ', Event.Coverage?.Uninspected ?? [])}";
    }
}

/// <summary>
/// The sidecar as a program, in force, with the Core Rule Set and the released models deciding together, in front of an
/// application that answers everything. Each case comes from an address of its own, by which its record is found.
/// </summary>
internal sealed class CaseServer : IAsyncDisposable
{
    private const string Policy = """
        apiVersion: wafoperator.dev/v1alpha1
        kind: WafPolicy
        metadata: { name: cases, namespace: default }
        spec:
          mode: Enforce
          decision: Joint
          rules: { sets: [owasp-crs], paranoia: 1, webDav: true }
          ml: { models: [ { model: gate }, { model: payload-cnn } ], latencyBudget: 1s }
          logging: { decisions: All }
        """;

    private static readonly string[] Families = ["gate", "payload-cnn"];

    private static readonly TimeSpan EventWait = TimeSpan.FromSeconds(5);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("waf-cases-");
    private readonly ConcurrentDictionary<string, SecurityEvent> _events = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<string> _complaints = new();
    private readonly int _port = RawClient.FreePort();
    private WebApplication _application = null!;
    private Process _process = null!;
    private int _arrived;
    private int _next;

    public static async Task<CaseServer> StartAsync()
    {
        var server = new CaseServer();
        var applicationPort = RawClient.FreePort();
        await server.StartApplicationAsync(applicationPort);
        var policy = Path.Combine(server._folder.FullName, "policy.yaml");
        await File.WriteAllTextAsync(policy, Policy + string.Concat(Families.Select(ModelVersion)));
        var admin = $"http://127.0.0.1:{RawClient.FreePort()}";
        server.StartSidecar(policy, applicationPort, admin);
        await server.WaitUntilReadyAsync(admin);
        return server;
    }

    /// <summary>Sends a case and waits for its answer and its record.</summary>
    public async Task<CaseOutcome> RunAsync(Case one)
    {
        var number = ++_next;
        var address = new IPAddress([127, 2, (byte)(number >> 8), (byte)(number & 255)]);
        var before = Volatile.Read(ref _arrived);
        var status = await SendAsync(address, one.Request);
        var record = await EventAsync(address.ToString(), status);
        return new CaseOutcome(status, Volatile.Read(ref _arrived) > before, record);
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        await _application.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    private async Task StartApplicationAsync(int port)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.RequestHeaderEncodingSelector = static _ => System.Text.Encoding.Latin1;
            kestrel.Listen(IPAddress.Loopback, port);
        });
        _application = builder.Build();
        _application.Run(async context =>
        {
            Interlocked.Increment(ref _arrived);
            await context.Request.Body.CopyToAsync(Stream.Null);
            await context.Response.WriteAsync("fine");
        });
        await _application.StartAsync();
    }

    private void StartSidecar(string policy, int applicationPort, string admin)
    {
        _process = Process.Start(new ProcessStartInfo(
            "dotnet",
            [
                Path.Combine(AppContext.BaseDirectory, "waf-sidecar.dll"), "--policy", policy,
                "--upstream", $"http://127.0.0.1:{applicationPort}", "--listen", $"http://127.0.0.1:{_port}",
                "--rules", Path.GetDirectoryName(CrsEngine.RulesFolder)!, "--models", Models(), "--admin", admin,
            ])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        _process.OutputDataReceived += (_, line) => Take(line.Data);
        _process.ErrorDataReceived += (_, line) => _complaints.Enqueue(line.Data ?? "");
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>Models must be warm: what they do not see yet is decided otherwise.</summary>
    private async Task WaitUntilReadyAsync(string admin)
    {
        RawClient.WaitFor(_port, _process, () => string.Join('\n', _complaints));
        using var client = new HttpClient();
        for (var tries = 0; tries < 300; tries++)
        {
            using var answer = await client.GetAsync(new Uri(admin + "/readyz"));
            if (answer.IsSuccessStatusCode) return;
            await Task.Delay(200);
        }

        throw new InvalidOperationException($"the sidecar is not ready: {string.Join('\n', _complaints)}");
    }

    private void Take(string? line)
    {
        if (line is null || !line.StartsWith('{')) return;
        if (JsonSerializer.Deserialize(line, ProtocolJson.Default.SecurityEvent) is not { Id.Length: > 0 } one) return;
        // A request that is refused as an attack may have others behind it on the same connection: the first counts.
        _events.TryAdd(one.Client, one);
    }

    private async Task<SecurityEvent?> EventAsync(string client, int status)
    {
        // What the server refuses before a request exists has a record only where the client is known.
        var wait = status is 400 or 408 or 413 or 414 or 431 or 505 or 0 ? EventWait / 5 : EventWait;
        for (var waited = Stopwatch.StartNew(); waited.Elapsed < wait;)
        {
            if (_events.TryGetValue(client, out var found)) return found;
            await Task.Delay(10);
        }

        return null;
    }

    private async Task<int> SendAsync(IPAddress from, byte[] request)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
        {
            NoDelay = true,
        };
        socket.Bind(new IPEndPoint(from, 0));
        await socket.ConnectAsync(IPAddress.Loopback, _port);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var answer = new byte[4096];
        var length = 0;
        try
        {
            // A refusal may come, and the connection end, before everything was taken.
            var sending = socket.SendAsync(request, patience.Token).AsTask();
            while (length < 12)
            {
                var count = await socket.ReceiveAsync(answer.AsMemory(length), patience.Token);
                if (count == 0) break;
                length += count;
            }

            _ = sending.ContinueWith(static task => task.Exception, TaskScheduler.Default);
        }
        catch (Exception ended) when (ended is SocketException or OperationCanceledException)
        {
            // No answer.
        }

        var isHttp = length >= 12 && answer.AsSpan().StartsWith("HTTP/1."u8);
        return isHttp && int.TryParse(answer.AsSpan(9, 3), out var status) ? status : 0;
    }

    /// <summary>The newest release of a family, as the chart would bring it.</summary>
    private static string ModelVersion(string family)
    {
        var file = Directory.EnumerateFiles(Models(), $"{family}-*.tar")
            .MaxBy(path => Version.Parse(Path.GetFileNameWithoutExtension(path)[(family.Length + 1)..]))!;
        var version = Path.GetFileNameWithoutExtension(file)[(family.Length + 1)..];
        var digest = Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(file)));
        return $$"""

            ---
            apiVersion: wafoperator.dev/v1alpha1
            kind: ModelVersion
            metadata: { name: {{family}}, namespace: default }
            spec:
              model: {{family}}
              version: {{version}}
              artifact: { uri: "builtin://{{family}}-{{version}}", digest: "sha256:{{digest}}" }
            """;
    }

    private static string Models()
    {
        var folder = AppContext.BaseDirectory;
        while (!Directory.Exists(Path.Combine(folder, "models", "packages"))) folder = Path.GetDirectoryName(folder)!;
        return Path.Combine(folder, "models", "packages");
    }
}
