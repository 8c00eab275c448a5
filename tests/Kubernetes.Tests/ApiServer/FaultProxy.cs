using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace WafOperator.Kubernetes.Tests.ApiServer;

/// <summary>
/// Stands between a client and a real API server and breaks things when told to, each by one call. Without faults it
/// passes everything on unchanged.
/// </summary>
public sealed class FaultProxy : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly HttpMessageInvoker _upstream;
    private readonly Uri _server;
    private readonly Lock _lock = new();
    private readonly List<string> _requests = [];
    private readonly List<(Func<HttpRequest, bool> Match, Func<HttpContext, Task> Answer)> _faults = [];
    private readonly HashSet<Watch> _watches = [];
    private TaskCompletionSource? _hold;
    private volatile bool _silent;
    private int? _writesLeft;

    private FaultProxy(WebApplication app, Uri server)
    {
        _app = app;
        _server = server;
        _upstream = new HttpMessageInvoker(new SocketsHttpHandler
        {
#pragma warning disable CA5359 // whom the client trusts is tested elsewhere
            SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true },
#pragma warning restore CA5359
            AllowAutoRedirect = false,
            UseCookies = false,
        });
    }

    public Uri Address { get; private set; } = null!;

    /// <summary>All requests so far, as "GET /path?query".</summary>
    public IReadOnlyList<string> Requests
    {
        get
        {
            lock (_lock) return [.. _requests];
        }
    }

    /// <summary>Watches running now.</summary>
    public int RunningWatches
    {
        get
        {
            lock (_lock) return _watches.Count;
        }
    }

    public static async Task<FaultProxy> StartAsync(Uri server)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(options => options.Listen(IPAddress.Loopback, 0));
        var app = builder.Build();
        var proxy = new FaultProxy(app, server);
        app.Run(proxy.HandleAsync);
        await app.StartAsync();
        var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!;
        proxy.Address = new Uri(addresses.Addresses.First() + "/");
        return proxy;
    }

    /// <summary>Breaks off all running watches without a word.</summary>
    public void CutWatches()
    {
        lock (_lock)
        {
            foreach (var watch in _watches) watch.Context.Abort();
        }
    }

    /// <summary>Breaks off all running watches; the next watch is told that its version is too old (410).</summary>
    public void ExpireWatches()
    {
        Next(IsWatch, context => AnswerAsync(context, 200, """
            {"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","status":"Failure","code":410,
            "reason":"Expired","message":"too old resource version: 1 (2)"}}
            """.ReplaceLineEndings("") + "\n"));
        CutWatches();
    }

    /// <summary>Running watches stay open, but nothing comes through them until they are cut or end.</summary>
    public void SilenceWatches() => _silent = true;

    /// <summary>New watches speak again; silenced ones stay silent.</summary>
    public void Unsilence() => _silent = false;

    /// <summary>The next writes are refused because the object changed (409).</summary>
    public void ConflictWrites(int count) => Repeat(count, IsWrite, context => AnswerStatusAsync(
        context, 409, "Conflict", "the object has been modified; please apply your changes to the latest version"));

    /// <summary>The next requests are put off (429) with a Retry-After of some seconds.</summary>
    public void Throttle(int count, int retryAfterSeconds) => Repeat(count, _ => true, context =>
    {
        context.Response.Headers.RetryAfter = $"{retryAfterSeconds}";
        return AnswerStatusAsync(context, 429, "TooManyRequests", "the server is busy");
    });

    /// <summary>Faults that still wait are forgotten.</summary>
    public void Repair()
    {
        lock (_lock) _faults.Clear();
    }

    /// <summary>
    /// The client is dead as soon as so many of its writes reached the server: it does not hear the last one's answer,
    /// and nothing it does afterwards arrives.
    /// </summary>
    public void DieAfterWrites(int count) => _writesLeft = count;

    /// <summary>That happened.</summary>
    public bool IsDead => _writesLeft <= 0;

    /// <summary>The next requests fail (503), without a hint when to come back.</summary>
    public void Fail(int count) => Repeat(count, _ => true, context =>
        AnswerAsync(context, 503, "<html><body>upstream connect error</body></html>"));

    /// <summary>The next answers break off in the middle.</summary>
    public void BreakAnswers(int count) => Repeat(count, _ => true, async context =>
    {
        context.Response.ContentLength = 1000;
        await context.Response.WriteAsync("{\"kind\":\"ConfigMap\",");
        await context.Response.Body.FlushAsync();
        context.Abort();
    });

    /// <summary>The next answers are complete, but are not JSON.</summary>
    public void GarbleAnswers(int count) => Repeat(count, _ => true, context =>
        AnswerAsync(context, 200, "<html>Please log in</html>"));

    /// <summary>The next watches send an event that is not JSON.</summary>
    public void GarbleWatches(int count)
    {
        Repeat(count, IsWatch, context => AnswerAsync(context, 200, "{\"type\":\"ADDED\",\"object\":{\n"));
        CutWatches();
    }

    /// <summary>The next pages of a list after the first are refused because their version is gone (410).</summary>
    public void ExpireContinueTokens(int count) => Repeat(
        count,
        request => request.Query.ContainsKey("continue"),
        context => AnswerStatusAsync(context, 410, "Expired", "The provided continue parameter is too old"));

    /// <summary>The next requests are answered 401.</summary>
    public void RejectCredentials(int count) => Repeat(count, _ => true, context =>
        AnswerStatusAsync(context, 401, "Unauthorized", "Unauthorized"));

    /// <summary>Requests get no answer until <see cref="Release"/>.</summary>
    public void Hold()
    {
        lock (_lock) _hold ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>Held requests, and all later ones, go on.</summary>
    public void Release()
    {
        lock (_lock)
        {
            _hold?.TrySetResult();
            _hold = null;
        }
    }

    public async ValueTask DisposeAsync()
    {
        Release();
        CutWatches();
        await _app.DisposeAsync();
        _upstream.Dispose();
    }

    private static bool IsWatch(HttpRequest request) => request.Query.ContainsKey("watch");

    private static bool IsWrite(HttpRequest request) => request.Method is "PUT" or "PATCH" or "POST";

    private void Next(Func<HttpRequest, bool> match, Func<HttpContext, Task> answer) => Repeat(1, match, answer);

    private void Repeat(int count, Func<HttpRequest, bool> match, Func<HttpContext, Task> answer)
    {
        lock (_lock)
        {
            for (var i = 0; i < count; i++) _faults.Add((match, answer));
        }
    }

    private async Task HandleAsync(HttpContext context)
    {
        Func<HttpContext, Task>? fault;
        Task? hold;
        bool isLast, isDead;
        lock (_lock)
        {
            isDead = IsDead;
            if (!isDead && IsWrite(context.Request)) _writesLeft--;
            isLast = !isDead && IsDead;
            _requests.Add($"{context.Request.Method} {context.Request.Path}{context.Request.QueryString}");
            hold = _hold?.Task;
            var index = _faults.FindIndex(f => f.Match(context.Request));
            fault = index < 0 ? null : _faults[index].Answer;
            if (index >= 0) _faults.RemoveAt(index);
        }

        if (hold is not null) await hold.WaitAsync(context.RequestAborted);
        if (isDead) context.Abort();
        else if (isLast) await PassUnheardAsync(context);
        else if (fault is not null) await fault(context);
        else await PassAsync(context);
    }

    private async Task PassUnheardAsync(HttpContext context)
    {
        using var request = Copy(context.Request);
        using var response = await _upstream.SendAsync(request, context.RequestAborted);
        context.Abort();
    }

    private HttpRequestMessage Copy(HttpRequest incoming)
    {
        var request = new HttpRequestMessage(
            new HttpMethod(incoming.Method), new Uri(_server, incoming.Path + incoming.QueryString.Value));
        if (incoming.ContentLength > 0)
        {
            request.Content = new StreamContent(incoming.Body);
            request.Content.Headers.TryAddWithoutValidation("Content-Type", incoming.ContentType);
        }

        foreach (var name in (string[])["Authorization", "Accept", "User-Agent"])
            request.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)incoming.Headers[name]);
        return request;
    }

    private async Task PassAsync(HttpContext context)
    {
        var incoming = context.Request;
        using var request = Copy(incoming);
        using var response = await _upstream.SendAsync(request, context.RequestAborted);
        context.Response.StatusCode = (int)response.StatusCode;
        context.Response.ContentType = response.Content.Headers.ContentType?.ToString();
        if (response.Headers.RetryAfter is { } retry) context.Response.Headers.RetryAfter = retry.ToString();
        await using var body = await response.Content.ReadAsStreamAsync(context.RequestAborted);
        if (IsWatch(incoming) && response.IsSuccessStatusCode) await PassWatchAsync(context, body);
        else await body.CopyToAsync(context.Response.Body, context.RequestAborted);
    }

    private async Task PassWatchAsync(HttpContext context, Stream body)
    {
        var watch = new Watch(context);
        lock (_lock) _watches.Add(watch);
        try
        {
            await context.Response.StartAsync();
            await context.Response.Body.FlushAsync();
            var buffer = new byte[16 << 10];
            int count;
            while ((count = await body.ReadAsync(buffer, context.RequestAborted)) > 0)
            {
                watch.Silent |= _silent;
                if (watch.Silent) continue;
                await context.Response.Body.WriteAsync(buffer.AsMemory(0, count), context.RequestAborted);
                await context.Response.Body.FlushAsync(context.RequestAborted);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            // Cut by a test, or the client went away.
        }
        finally
        {
            lock (_lock) _watches.Remove(watch);
        }
    }

    private static Task AnswerStatusAsync(HttpContext context, int code, string reason, string message) => AnswerAsync(
        context, code, $$"""
            {"kind":"Status","apiVersion":"v1","status":"Failure",
             "code":{{code}},"reason":"{{reason}}","message":"{{message}}"}
            """);

    private static async Task AnswerAsync(HttpContext context, int code, string body)
    {
        await context.Request.Body.CopyToAsync(Stream.Null);
        context.Response.StatusCode = code;
        context.Response.ContentType = body.StartsWith('<') ? "text/html" : "application/json";
        await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(body));
    }

    private sealed class Watch(HttpContext context)
    {
        public HttpContext Context { get; } = context;

        public bool Silent { get; set; }
    }
}
