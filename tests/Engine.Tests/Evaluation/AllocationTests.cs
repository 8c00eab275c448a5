using System.Net;
using WafOperator.Fixtures;
using WafOperator.Http;
using WafOperator.SecLang;

namespace WafOperator.Engine.Tests.Evaluation;

/// <summary>A benign request costs the garbage collector nothing, once buffers have grown to their size.</summary>
public sealed class AllocationTests
{
    private const string Rules = "/usr/share/modsecurity-crs/rules";

    private static readonly (byte[] Name, byte[] Value)[] Browser =
    [
        ("Host"u8.ToArray(), "shop.example.com"u8.ToArray()),
        ("User-Agent"u8.ToArray(),
            "Mozilla/5.0 (X11; Linux x86_64; rv:126.0) Gecko/20100101 Firefox/126.0"u8.ToArray()),
        ("Accept"u8.ToArray(), "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"u8.ToArray()),
        ("Accept-Language"u8.ToArray(), "en-US,en;q=0.9"u8.ToArray()),
        ("Accept-Encoding"u8.ToArray(), "gzip, deflate, br"u8.ToArray()),
        ("Referer"u8.ToArray(), "https://shop.example.com/category/shoes"u8.ToArray()),
        ("Cookie"u8.ToArray(), "session=3f9a8b7c6d5e4f3a; theme=dark"u8.ToArray()),
    ];

    [Theory]
    [InlineData("192.0.2.7")]
    [InlineData("2001:db8::7")]
    public void Evaluate_BenignGetWithCoreRuleSet_AllocatesNothing(string client)
    {
        Assert.True(Directory.Exists(Rules), "Install the Debian package modsecurity-crs to run this test.");
        var parsed = SecLangParser.Parse(
            [SecLangSource.FromText("all", $"Include /etc/modsecurity/crs/crs-setup.conf\nInclude {Rules}/*.conf")],
            new DirectorySourceResolver(Rules, "/etc/modsecurity/crs"));
        var program = RuleProgram.Compile(parsed.Document).Program!;
        var request = new CanonicalRequest();
        var response = new CanonicalResponse();
        var facts = new ConnectionFacts(IPAddress.Parse(client), 5555, IPAddress.Loopback, 80, 1);
        for (var i = 0; i < 200; i++)
        {
            RunOne(program, request, response, facts);
        }

        var least = Allocations.LeastOf(() =>
        {
            for (var i = 0; i < 100; i++)
            {
                RunOne(program, request, response, facts);
            }
        });

        Assert.Equal(0, least);
    }

    private static void RunOne(RuleProgram program, CanonicalRequest request, CanonicalResponse response,
        in ConnectionFacts facts)
    {
        request.Begin("GET"u8, "/search?q=blue+running+shoes&page=2&sort=price_asc"u8, "HTTP/1.1"u8);
        foreach (var (name, value) in Browser)
        {
            request.AddHeader(name, value);
        }

        request.EndHeaders();
        var transaction = program.Rent();
        transaction.Begin(request, facts);
        transaction.EvaluateRequestHeaders();
        request.EndBody();
        transaction.EvaluateRequestBody();
        response.Begin(200, "HTTP/1.1"u8);
        response.AddHeader("Content-Type"u8, "text/html"u8);
        transaction.EvaluateResponseHeaders(response);
        transaction.EvaluateResponseBody();
        transaction.EvaluateLogging();
        if (transaction.Interruption is not null || transaction.Matches.Count > 0)
        {
            throw new InvalidOperationException(
                $"Rule {transaction.Matches[0].Id} took the benign request for an attack.");
        }

        transaction.Dispose();
        request.Reset();
        response.Reset();
    }
}
