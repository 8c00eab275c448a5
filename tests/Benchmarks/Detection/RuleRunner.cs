using System.Net;
using WafOperator.Engine;
using WafOperator.Http;
using WafOperator.Policies.Files;
using WafOperator.Protocols.Policies;
using WafOperator.SecLang;

namespace WafOperator.Benchmarks.Detection;

/// <summary>What the rules said of one request.</summary>
/// <param name="Blocks">A rule interrupts the request (anomaly score of 5, or a body that cannot be read).</param>
/// <param name="Anomaly">Anomaly score of paranoia level 1.</param>
/// <param name="Rules">Rules that matched and are reported.</param>
internal sealed record RuleAnswer(bool Blocks, int Anomaly, IReadOnlyList<long> Rules);

/// <summary>The Core Rule Set as a policy compiles it, over one request at a time.</summary>
internal sealed class RuleRunner
{
    private const string RulesFolder = "/usr/share/modsecurity-crs/rules";

    /// <summary>
    /// Methods and content types as an application with an API would allow them; all else is CRS's default.
    /// </summary>
    private const string Manifest = """
        apiVersion: wafoperator.dev/v1alpha1
        kind: WafPolicy
        metadata:
          name: measured
        spec:
          mode: Enforce
          rules:
            sets: [owasp-crs]
            paranoia: 1
            allowedMethods: [GET, HEAD, POST, OPTIONS, PUT, PATCH, DELETE]
            allowedContentTypes: [text/plain, application/octet-stream, application/x-ndjson, application/graphql]
        """;

    private readonly RuleProgram _program;

    public RuleRunner()
    {
        var file = PolicyFile.Load(Manifest, DateTimeOffset.UnixEpoch);
        var rules = file.Document?.Rules ?? throw new InvalidOperationException(string.Join("; ", file.Errors));
        var parsed = SecLangParser.Parse(
            [.. rules.Sources.SelectMany(Sources)], new DirectorySourceResolver(RulesFolder));
        var compilation = RuleProgram.Compile(parsed.Document, EngineOptions.Default);
        _program = compilation.Program
            ?? throw new InvalidOperationException(string.Join("; ", compilation.Diagnostics.Take(5)));
    }

    /// <summary>Why rules cannot be run here, or null.</summary>
    public static string? MissingReason =>
        Directory.Exists(RulesFolder) ? null : $"{RulesFolder} is not there (package modsecurity-crs)";

    /// <summary>
    /// Reads the request and runs the phases over it; <paramref name="then"/> sees it with what rules about
    /// attacks found in it.
    /// </summary>
    public RuleAnswer Run(LabelledRequest row, CanonicalRequest request, Action<IReadOnlyList<RuleHit>> then)
    {
        LabelledRequests.ReadHead(row, request);
        using var transaction = _program.Rent();
        transaction.Begin(request, new ConnectionFacts(IPAddress.Loopback, 40000, IPAddress.Loopback, 80, 1));
        var blocks = transaction.EvaluateRequestHeaders() is not null;
        LabelledRequests.ReadBody(row, request);
        if (!blocks) blocks = transaction.EvaluateRequestBody() is not null;
        then(transaction.Hits);
        return new RuleAnswer(
            blocks, (int)(transaction.ReadNumber("anomaly_score_pl1") ?? 0),
            [.. transaction.Matches.Select(match => match.Id).Distinct()]);
    }

    /// <summary>
    /// The same with a score that is left to the models: whether rules refuse the request by themselves, by an own
    /// interruption or by what rules about protocol add.
    /// </summary>
    public bool Refuses(LabelledRequest row, CanonicalRequest request, Action<IReadOnlyList<RuleHit>> then)
    {
        const int Threshold = 5;
        LabelledRequests.ReadHead(row, request);
        using var transaction = _program.Rent();
        transaction.Begin(request, new ConnectionFacts(IPAddress.Loopback, 40000, IPAddress.Loopback, 80, 1));
        transaction.DefersScore = true;
        var isRefused = transaction.EvaluateRequestHeaders() is not null;
        LabelledRequests.ReadBody(row, request);
        if (!isRefused) isRefused = transaction.EvaluateRequestBody() is not null;
        then(transaction.Hits);
        return isRefused || transaction.StandingScore >= Threshold;
    }

    private static IEnumerable<SecLangSource> Sources(RuleSource source) => source.Text is { } text
        ? [SecLangSource.FromText(source.Name, text)]
        : Directory.EnumerateFiles(RulesFolder, "*.conf").Order(StringComparer.Ordinal)
            .Select(file => SecLangSource.FromBytes(file, File.ReadAllBytes(file)));
}
