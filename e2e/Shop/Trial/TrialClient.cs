using System.Net.Http.Headers;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;

namespace WafOperator.E2e.Shop.Trial;

/// <summary>The HTTP status (0 for none) and the beginning of headers and body, where an event id may be.</summary>
internal sealed record TrialAnswer(int Status, string Text);

/// <summary>Sends the requests of a trial; an exchange that breaks is an answer with status 0.</summary>
internal sealed class TrialClient : IDisposable
{
    private const int TextLengthMax = 4096;
    private readonly HttpClient _http;
    private readonly Uri _baseAddress;

    public TrialClient(Uri baseAddress)
    {
        _baseAddress = baseAddress;
        _http = new HttpClient(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false })
        {
            BaseAddress = baseAddress,
            Timeout = TimeSpan.FromSeconds(20),
        };
        _http.DefaultRequestHeaders.UserAgent.ParseAdd("Mozilla/5.0 (X11; Linux x86_64) TeaShopDemo/1.0");
        _http.DefaultRequestHeaders.Accept.ParseAdd("text/html, application/json, */*;q=0.8");
    }

    public void Dispose() => _http.Dispose();

    public async Task<TrialAnswer> SendAsync(HttpRequestMessage request, CancellationToken cancellation)
    {
        using var owned = request;
        using var response = await _http.SendAsync(request, cancellation);
        var body = await response.Content.ReadAsStringAsync(cancellation);
        var text = $"{response.Headers}\n{body}";
        return new((int)response.StatusCode, text[..Math.Min(text.Length, TextLengthMax)]);
    }

    /// <summary>Uploads a file as a browser does; the shop must say that it received what was sent.</summary>
    public async Task<TrialAnswer> UploadAsync(string name, byte[] content, CancellationToken cancellation)
    {
        const string boundary = "----TeaShopFormBoundary7MA4YWxk";
        var file = new ByteArrayContent(content);
        file.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        // HttpClient's own form quotes the boundary and adds filename*: strict multipart rules refuse both.
        file.Headers.ContentDisposition = new ContentDispositionHeaderValue("form-data")
        {
            Name = "\"file\"",
            FileName = $"\"{name}\"",
        };
        var form = new MultipartContent("form-data", boundary) { file };
        form.Headers.Remove("Content-Type");
        form.Headers.TryAddWithoutValidation("Content-Type", "multipart/form-data; boundary=" + boundary);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/upload") { Content = form };
        var answer = await SendAsync(request, cancellation);
        var expected = Convert.ToHexStringLower(SHA256.HashData(content));
        return answer.Status != 200 || answer.Text.Contains(expected, StringComparison.Ordinal)
            ? answer
            : new(0, "the file arrived changed");
    }

    public async Task<TrialAnswer> EventsAsync(string target, int count, CancellationToken cancellation)
    {
        using var response = await _http.GetAsync(target, HttpCompletionOption.ResponseHeadersRead, cancellation);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(cancellation));
        var seen = 0;
        while (seen < count && await reader.ReadLineAsync(cancellation) is { } line)
            if (line.StartsWith("data:", StringComparison.Ordinal)) seen++;
        return new(seen == count || !response.IsSuccessStatusCode ? (int)response.StatusCode : 0, $"{seen} events");
    }

    public async Task<TrialAnswer> WebSocketAsync(string target, string message, CancellationToken cancellation)
    {
        using var socket = new ClientWebSocket();
        socket.Options.CollectHttpResponseDetails = true;
        var scheme = _baseAddress.Scheme == "https" ? "wss" : "ws";
        var address = new UriBuilder(new Uri(_baseAddress, target)) { Scheme = scheme };
        try
        {
            await socket.ConnectAsync(address.Uri, cancellation);
        }
        catch (WebSocketException refused)
        {
            return new((int)socket.HttpStatusCode, refused.Message);
        }
        var bytes = Encoding.UTF8.GetBytes(message);
        await socket.SendAsync(bytes, WebSocketMessageType.Text, endOfMessage: true, cancellation);
        var buffer = new byte[1024];
        var received = await socket.ReceiveAsync(buffer, cancellation);
        var echoed = Encoding.UTF8.GetString(buffer, 0, received.Count);
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "bye", cancellation);
        return new(echoed == message ? 101 : 0, echoed);
    }
}
