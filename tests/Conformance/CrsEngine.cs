using System.Globalization;
using System.Net;
using System.Text;
using WafOperator.Engine;
using WafOperator.Http;
using WafOperator.SecLang;

namespace WafOperator.Conformance;

/// <summary>
/// CRS 3.3.4 as Debian installs it, set up as the suite's own instructions say: paranoia level 4, detection only.
/// </summary>
internal sealed class CrsEngine
{
    public const string RulesFolder = "/usr/share/modsecurity-crs/rules";
    public const string SetupFile = "/etc/modsecurity/crs/crs-setup.conf";

    public const string TestSetup = """
        SecRuleEngine DetectionOnly
        SecRequestBodyAccess On
        SecResponseBodyAccess On
        SecAction "id:900005,phase:1,nolog,pass,ctl:ruleEngine=DetectionOnly,ctl:ruleRemoveById=910000,\
          setvar:tx.paranoia_level=4,setvar:tx.crs_validate_utf8_encoding=1,setvar:tx.arg_name_length=100,\
          setvar:tx.arg_length=400,setvar:tx.total_arg_length=64000,setvar:tx.max_num_args=255,\
          setvar:tx.max_file_size=64100,setvar:tx.combined_file_size=65535"
        """;

    public CrsEngine(bool prefilter, string setup = TestSetup)
        : this(Parse(Text(setup)), prefilter)
    {
    }

    private CrsEngine(SecLangDocument document, bool prefilter)
    {
        var compilation = RuleProgram.Compile(document, EngineOptions.Default with { Prefilter = prefilter });
        var errors = compilation.Diagnostics.Where(d => d.Severity == DiagnosticSeverity.Error).Take(10).ToArray();
        Program = compilation.Program ?? throw new InvalidOperationException(string.Join("\n",
            errors.Select(d => d.ToString())));
    }

    public RuleProgram Program { get; }

    /// <summary>Runs one request through all phases.</summary>
    public CrsAnswer Run(CrsInput input)
    {
        var request = new CanonicalRequest();
        var body = CrsRequest.ReadHead(input, request);
        request.EndHeaders();
        using var transaction = Program.Rent();
        var facts = new ConnectionFacts(IPAddress.Loopback, 40000, IPAddress.Loopback, 80, (UInt128)0x1234567890ABCDEF);
        transaction.Begin(request, facts);
        transaction.EvaluateRequestHeaders();
        request.AppendBody(body);
        request.EndBody();
        transaction.EvaluateRequestBody();
        var answer = CrsBackend.Answer(input, body);
        var response = new CanonicalResponse();
        response.Begin(answer.Status, "HTTP/1.1"u8);
        foreach (var (name, value) in answer.Headers)
        {
            response.AddHeader(Encoding.UTF8.GetBytes(name), Encoding.UTF8.GetBytes(value));
        }

        transaction.EvaluateResponseHeaders(response);
        response.AppendBody(answer.Body);
        transaction.EvaluateResponseBody();
        transaction.EvaluateLogging();
        return new CrsAnswer(
            Log(transaction), IsMalformed(input, request), [.. transaction.MatchedRuleIds], [.. transaction.Matches],
                transaction.Interruption is not null, transaction.Exhausted)
        {
            Response = Encoding.UTF8.GetString(answer.Body),
        };
    }

    /// <summary>The rules with the suite's set-up.</summary>
    public static SecLangDocument Document() => Parse(Text(TestSetup));

    /// <summary>CRS with a set-up behind its own.</summary>
    public static string Text(string setup) => $"Include {SetupFile}\n{setup}\nInclude {RulesFolder}/*.conf\n";

    /// <summary>Whatever a configuration says; its files may lie in the folders as well.</summary>
    public static CrsEngine Of(string configuration, params string[] folders) =>
        new(Parse(configuration, folders), prefilter: true);

    private static SecLangDocument Parse(string text, params string[] folders)
    {
        var sources = new[] { SecLangSource.FromText("test", text) };
        var result = SecLangParser.Parse(sources,
            new DirectorySourceResolver([.. folders, RulesFolder, "/etc/modsecurity/crs", "/etc/nginx"]));
        Assert.False(result.HasErrors, string.Join("\n", result.Diagnostics.Take(5)));
        return result.Document;
    }

    /// <summary>What a web server in front refuses to read: it never reaches the rules.</summary>
    private static bool IsMalformed(CrsInput input, CanonicalRequest request)
    {
        var isVersionKnown = input.Version is "HTTP/1.0" or "HTTP/1.1" or "HTTP/2" or "HTTP/2.0";
        if ((request.Anomalies & Anomalies.MalformedRequestLine) != 0 || !isVersionKnown || HasUnframedBody(input)
            || input.Headers.Any(header => header.Value.AsSpan().IndexOfAny('\r', '\n', '\0') >= 0))
        {
            return true;
        }

        return request.TryGetHeader("content-length"u8,
            out var length) && request[length].ContainsAnyExceptInRange((byte)'0', (byte)'9');
    }

    /// <summary>Without a length and without chunks, what follows a head is the next request.</summary>
    private static bool HasUnframedBody(CrsInput input) =>
        input is { StopMagic: true, Raw: null, Data.Length: > 0 } && !input.Headers.Any(header =>
            header.Name.Equals("Content-Length", StringComparison.OrdinalIgnoreCase)
            || header.Name.Equals("Transfer-Encoding", StringComparison.OrdinalIgnoreCase));

    /// <summary>As ModSecurity's log shows it: one line, control characters as escapes.</summary>
    private static string Escaped(string text)
    {
        var line = new StringBuilder(text.Length);
        foreach (var character in text)
        {
            if (char.IsControl(character)) line.Append(CultureInfo.InvariantCulture, $"\\x{(int)character:x2}");
            else line.Append(character);
        }

        return line.ToString();
    }

    private static string Log(Transaction transaction)
    {
        var log = new StringBuilder();
        foreach (var match in transaction.Matches)
        {
            log.Append(CultureInfo.InvariantCulture,
                $"[file \"{match.File}\"] [line \"{match.Line}\"] [id \"{match.Id}\"] ")
                .Append(CultureInfo.InvariantCulture,
                    $"[msg \"{Escaped(match.Message)}\"] [data \"{Escaped(match.Data)}\"] ")
                .Append(CultureInfo.InvariantCulture, $"[severity \"{match.Severity}\"]")
                .AppendJoin("", match.Tags.Select(tag => $" [tag \"{tag}\"]")).Append('\n');
        }

        return log.ToString();
    }
}

/// <summary>What came of a request.</summary>
internal sealed record CrsAnswer(
    string Log, bool IsMalformed, IReadOnlyList<long> RuleIds, IReadOnlyList<MatchedRule> Matches, bool WouldBlock,
        bool Exhausted)
{
    /// <summary>The application's answer, as text.</summary>
    public string Response { get; init; } = "";
}
