using System.Globalization;
using System.Runtime;
using WafOperator.Engine;
using WafOperator.Http;
using WafOperator.Scoring;
using WafOperator.Scoring.Ensemble;

namespace WafOperator.Proxy.Snapshots;

/// <summary>
/// Runs requests of every kind through new rules and models before they are in force, so that the first client does
/// not pay for the
/// just-in-time compiler and for automata that are built on first use; then gives back what compiling needed. Nothing of
/// it is counted or reported.
/// </summary>
internal static class WarmUp
{
    private const int Rounds = 3;

    private static readonly Sample[] Samples =
    [
        new("GET", "/products?category=tea&page=2&sort=price", "", ""),
        new("GET", "/search?q=%27+or+1%3D1+--+%3Cscript%3Ealert(1)%3C/script%3E&f=../../etc/passwd", "", ""),
        new("POST", "/login", "application/x-www-form-urlencoded", "name=Ann+Example&note=two+cups%2C+please"),
        new("POST", "/api/orders", "application/json", """{"items":[{"id":7,"count":2}],"note":"leave at the door"}"""),
        new("POST", "/upload", "multipart/form-data; boundary=b",
            "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.txt\"\r\n\r\ntext\r\n--b--\r\n"),
    ];

    /// <summary>Warms what the snapshot before did not have.</summary>
    public static void Run(PolicySnapshot snapshot, PolicySnapshot? previous, RequestScorer scorer)
    {
        if (snapshot.Scoring is { } scoring && !ReferenceEquals(scoring, previous?.Scoring))
            Run(snapshot, scoring, scorer);
        if (snapshot.Rules is not { } program || ReferenceEquals(program, previous?.Rules)) return;
        Run(snapshot, program);
        // Compiling leaves more garbage than the sidecar will ever make again; without this it would keep that memory.
        GCSettings.LargeObjectHeapCompactionMode = GCLargeObjectHeapCompactionMode.CompactOnce;
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
    }

    private static void Run(PolicySnapshot snapshot, RuleProgram program)
    {
        for (var round = 0; round < Rounds; round++)
        {
            foreach (var sample in Samples)
            {
                var request = snapshot.Requests.Rent();
                using (var transaction = program.Rent())
                {
                    ReadHead(request, sample);
                    transaction.Begin(request, default);
                    transaction.EvaluateRequestHeaders();
                    ReadBody(request, sample);
                    transaction.EvaluateRequestBody();
                    transaction.EvaluateLogging();
                }

                snapshot.Requests.Return(request);
            }
        }
    }

    /// <summary>Every model over values of every length, and whole requests; nothing is counted or learned.</summary>
    private static void Run(PolicySnapshot snapshot, ScoringProgram scoring, RequestScorer scorer)
    {
        scoring.WarmUp();
        for (var round = 0; round < Rounds; round++)
        {
            foreach (var sample in Samples)
            {
                var request = snapshot.Requests.Rent();
                ReadHead(request, sample);
                ReadBody(request, sample);
                scorer.WarmUp(scoring, snapshot.ModelExclusions, request);
                snapshot.Requests.Return(request);
            }
        }
    }

    private static void ReadBody(CanonicalRequest request, in Sample sample)
    {
        request.AppendBody(System.Text.Encoding.ASCII.GetBytes(sample.Body));
        request.EndBody();
    }

    private readonly record struct Sample(string Method, string Target, string ContentType, string Body);

    private static void ReadHead(CanonicalRequest request, in Sample sample)
    {
        request.Begin(sample.Method, sample.Target, "HTTP/1.1");
        request.AddHeader("Host", "warm-up.example");
        request.AddHeader("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0");
        request.AddHeader("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8");
        request.AddHeader("Accept-Language", "en-US,en;q=0.5");
        request.AddHeader("Cookie", "theme=light; sid=0123456789abcdef");
        if (sample.ContentType.Length > 0)
        {
            request.AddHeader("Content-Type", sample.ContentType);
            request.AddHeader("Content-Length", sample.Body.Length.ToString(CultureInfo.InvariantCulture));
        }

        request.EndHeaders();
    }
}
