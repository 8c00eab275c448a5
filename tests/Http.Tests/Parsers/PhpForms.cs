using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace WafOperator.Http.Tests.Parsers;

/// <summary>PHP's own reader of forms, behind the server that PHP brings.</summary>
internal sealed class PhpForms : IAsyncDisposable
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    private readonly int _port = FreePort();
    private readonly Process _php;
    private readonly HttpClient _client = new();

    public PhpForms() => _php = Process.Start(new ProcessStartInfo("php",
    [
        "-n", "-d", "display_errors=0", "-d", "max_file_uploads=100", "-S", $"127.0.0.1:{_port}",
        LineReader.Script("parsers.php"),
    ])
    {
        RedirectStandardError = true, RedirectStandardOutput = true,
    })!;

    public async Task StartAsync()
    {
        _php.BeginErrorReadLine();
        _php.BeginOutputReadLine();
        for (var tries = 0; ; tries++)
        {
            try
            {
                using var probe = new TcpClient();
                await probe.ConnectAsync(IPAddress.Loopback, _port);
                return;
            }
            catch (SocketException) when (tries < 100)
            {
                await Task.Delay(100);
            }
        }
    }

    public async Task<ParsedForm?> ReadAsync(string type, byte[] body)
    {
        using var content = new ByteArrayContent(body);
        content.Headers.TryAddWithoutValidation("Content-Type", type);
        using var response = await _client.PostAsync(new Uri($"http://127.0.0.1:{_port}/"), content);
        if (!response.IsSuccessStatusCode) return null;
        var form = JsonSerializer.Deserialize<ParsedForm>(await response.Content.ReadAsStringAsync(), Json)!;
        return new ParsedForm([.. form.Values.Select(Text)], [.. form.Files.Select(Text)]);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        _php.Kill();
        await _php.WaitForExitAsync();
        _php.Dispose();
    }

    private static string Text(string base64) => Encoding.Latin1.GetString(Convert.FromBase64String(base64));

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
