using System.Runtime;
using WafOperator.Engine;
using WafOperator.Http;

namespace WafOperator.Proxy.Snapshots;

/// <summary>
/// Runs requests of every kind through new rules before they are in force, so that the first client does not pay for the
/// just-in-time compiler and for automata that are built on first use; then gives back what compiling needed. Nothing of
/// it is counted or reported.
/// </summary>
internal static class WarmUp
{
    private const int Rounds = 3;

    private static readonly (string Method, string Target, string ContentType, string Body)[] Samples =
    [
        ("GET", "/products?category=tea&page=2&sort=price", "", ""),
        ("GET", "/search?q=%27+or+1%3D1+--+%3Cscript%3Ealert(1)%3C/script%3E&f=../../etc/passwd", "", ""),
        ("POST", "/login", "application/x-www-form-urlencoded", "name=Ann+Example&note=two+cups%2C+please"),
        ("POST", "/api/orders", "application/json", """{"items":[{"id":7,"count":2}],"note":"leave at the door"}"""),
        ("POST", "/upload", "multipart/form-data; boundary=b",
            "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.txt\"\r\n\r\ntext\r\n--b--\r\n"),
    ];

    public static void Run(PolicySnapshot snapshot)
    {
        if (snapshot.Rules is not { } program) return;
        for (var round = 0; round < Rounds; round++)
        {
            foreach (var (method, target, type, body) in Samples)
            {
                var request = snapshot.Requests.Rent();
                using (var transaction = program.Rent())
                {
                    Read(request, method, target, type, body.Length);
                    transaction.Begin(request, default);
                    transaction.EvaluateRequestHeaders();
                    request.AppendBody(System.Text.Encoding.ASCII.GetBytes(body));
                    request.EndBody();
                    transaction.EvaluateRequestBody();
                    transaction.EvaluateLogging();
                }

                snapshot.Requests.Return(request);
            }
        }

        // Compiling leaves more garbage than the sidecar will ever make again; without this it would keep that memory.
        GCSettings.LargeObjectHeapCompactionMode = GCLargeObjectHeapCompactionMode.CompactOnce;
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
    }

    private static void Read(CanonicalRequest request, string method, string target, string type, int length)
    {
        request.Begin(method, target, "HTTP/1.1");
        request.AddHeader("Host", "warm-up.example");
        request.AddHeader("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0");
        request.AddHeader("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8");
        request.AddHeader("Accept-Language", "en-US,en;q=0.5");
        request.AddHeader("Cookie", "theme=light; sid=0123456789abcdef");
        if (type.Length > 0)
        {
            request.AddHeader("Content-Type", type);
            request.AddHeader("Content-Length", length.ToString(System.Globalization.CultureInfo.InvariantCulture));
        }

        request.EndHeaders();
    }
}
