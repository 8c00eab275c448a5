using System.Net;
using System.Text;
using WafOperator.Http;
using WafOperator.SecLang;

namespace WafOperator.Engine.Tests.Profiles;

/// <summary>
/// Rules, a request, and which rules must and must not match. Each runs with and without the bulk filter.
/// </summary>
internal sealed record Profile(string Rules)
{
    public string Method { get; init; } = "GET";

    public string Uri { get; init; } = "/";

    public (string Name, string Value)[] Headers { get; init; } = [("Host", "example.com")];

    public string Body { get; init; } = "";

    public int ResponseStatus { get; init; } = 200;

    public (string Name, string Value)[] ResponseHeaders { get; init; } = [("Content-Type", "text/html")];

    public string ResponseBody { get; init; } = "";

    public long[] Triggered { get; init; } = [];

    public long[] NotTriggered { get; init; } = [];

    public string Client { get; init; } = "192.0.2.1";

    public EngineOptions Options { get; init; } = EngineOptions.Default;

    /// <summary>Runs the profile both ways and returns the outcome of the filtered run.</summary>
    public Outcome Check()
    {
        Check(prefilter: false);
        return Check(prefilter: true);
    }

    public static RuleProgram Compile(string rules, EngineOptions? options = null, SourceResolver? resolver = null)
    {
        var parsed = SecLangParser.Parse(rules, "profile", resolver);
        Assert.False(parsed.HasErrors, string.Join("\n", parsed.Diagnostics));
        var compiled = RuleProgram.Compile(parsed.Document, options);
        Assert.True(compiled.Program is not null, string.Join("\n", compiled.Diagnostics));
        return compiled.Program;
    }

    public Outcome Run(RuleProgram program)
    {
        var request = new CanonicalRequest();
        request.Begin(Encoding.UTF8.GetBytes(Method), Encoding.UTF8.GetBytes(Uri), "HTTP/1.1"u8);
        foreach (var (name, value) in Headers)
        {
            request.AddHeader(Encoding.UTF8.GetBytes(name), Encoding.UTF8.GetBytes(value));
        }

        request.EndHeaders();
        using var transaction = program.Rent();
        transaction.Begin(request, new ConnectionFacts(IPAddress.Parse(Client), 5555, IPAddress.Loopback, 8080, 42));
        var phases = new List<Interruption?> { transaction.EvaluateRequestHeaders() };
        request.AppendBody(Encoding.UTF8.GetBytes(Body));
        request.EndBody();
        phases.Add(transaction.EvaluateRequestBody());
        var response = new CanonicalResponse();
        response.Begin(ResponseStatus, "HTTP/1.1"u8);
        foreach (var (name, value) in ResponseHeaders)
        {
            response.AddHeader(Encoding.UTF8.GetBytes(name), Encoding.UTF8.GetBytes(value));
        }

        phases.Add(transaction.EvaluateResponseHeaders(response));
        response.AppendBody(Encoding.UTF8.GetBytes(ResponseBody));
        phases.Add(transaction.EvaluateResponseBody());
        transaction.EvaluateLogging();
        return new Outcome(
            [.. transaction.MatchedRuleIds], [.. transaction.Matches], transaction.Interruption, transaction.Exhausted,
            transaction.ReadNumber("score"), transaction.ReadText("text"), transaction.DroppedMatches,
            transaction.RegexLimitsExceeded);
    }

    private Outcome Check(bool prefilter)
    {
        var outcome = Run(Compile(Rules, Options with { Prefilter = prefilter }));
        var ran = string.Join(' ', outcome.Ids);
        Assert.All(Triggered, id => Assert.True(outcome.Ids.Contains(id),
            $"{id} did not match (prefilter {prefilter}); matched: {ran}"));
        Assert.All(NotTriggered, id => Assert.False(outcome.Ids.Contains(id),
            $"{id} matched (prefilter {prefilter}); matched: {ran}"));
        return outcome;
    }
}

/// <summary>What came of a profile.</summary>
internal sealed record Outcome(
    IReadOnlyList<long> Ids, IReadOnlyList<MatchedRule> Matches, Interruption? Interruption, bool Exhausted,
        long? Score,
    string? Text, int DroppedMatches, int RegexLimitsExceeded);
