using System.Net;
using System.Text;
using WafOperator.Engine.Tests.Profiles;
using WafOperator.Http;
using WafOperator.SecLang;
using Xunit.Abstractions;

namespace WafOperator.Engine.Tests.Hostile;

/// <summary>
/// No request takes more steps than the limit and one piece of work that cannot be interrupted. What a step takes in
/// time is measured by the benchmark `engine`, with the same requests at their full size.
/// </summary>
public sealed class HostileRequestTests(ITestOutputHelper output)
{
    private const string Rules = "/usr/share/modsecurity-crs/rules";
    private const int BodyBytes = 48 << 10;

    /// <summary>The longest pass over one value that nothing interrupts, in steps for each byte.</summary>
    private const int StepsPerByteMax = 8;

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void Evaluate_HostileRequest_StaysWithinItsSteps(int paranoia)
    {
        const long StepsMax = 1_500_000;
        var program = CoreRuleSet(paranoia, Fixed(StepsMax));
        var request = new CanonicalRequest();
        var (count, exhausted, most) = (0, 0, 0L);
        foreach (var hostile in new HostileRequests(BodyBytes).All())
        {
            using var transaction = Run(program, hostile, request);
            count++;
            exhausted += transaction.Exhausted ? 1 : 0;
            most = Math.Max(most, transaction.Steps);
            Assert.True(transaction.Steps < StepsMax + (StepsPerByteMax * 3 * BodyBytes),
                $"{hostile.Name}: {transaction.Steps} steps");
            Assert.True(transaction.Exhausted || transaction.Steps <= StepsMax, $"{hostile.Name} hides the cut");
        }

        output.WriteLine($"{count} requests, {exhausted} exhausted, most steps {most}");
        Assert.True(count > 150 && exhausted > 10);
    }

    /// <summary>
    /// Rules that users write and that take a backtracking engine years, each on a megabyte made for it.
    /// </summary>
    [Theory]
    [InlineData("(a+)+$", "a", "!")]
    [InlineData("^(a|a)*$", "a", "!")]
    [InlineData("^(?:a|aa)+$", "a", "!")]
    [InlineData("(.*)*=(.*)*x", "a", "")]
    [InlineData("^((a+)*b?)*c$", "ab", "!")]
    [InlineData("(a*)*\\1b", "a", "c")]
    [InlineData("(\\w+)\\s+\\1\\b", "word wort ", "")]
    [InlineData("(?=(a+))a*b\\1", "a", "c")]
    [InlineData("(?<!x)(?:a|b|ab)*+c", "ab", "")]
    [InlineData("(?:(?=a+b)a)*c", "a", "")]
    [InlineData("(?>(?:a+)+)b|(?:(?:a+)+)c", "a", "d")]
    [InlineData("([^,]*,){20}[^,]*$(?!x)", "a,", "")]
    [InlineData("(?:a?){40}(?:a){40}b\\b", "a", "")]
    public void Evaluate_PatternThatExplodes_StaysWithinItsSteps(string pattern, string pump, string end)
    {
        const int Bytes = 256 << 10;
        var program = Profile.Compile($"SecRule ARGS:v \"@rx {pattern}\" \"id:1,phase:2,pass,capture\"");
        var value = string.Concat(Enumerable.Repeat(pump, Bytes / pump.Length)) + end;
        var request = new CanonicalRequest();
        var shape = new HostileRequest(pattern, "/", "application/json",
            Encoding.Latin1.GetBytes("{\"v\":\"" + value[..Math.Min(value.Length, Bytes - 16)] + "\"}"), []);
        var clock = System.Diagnostics.Stopwatch.StartNew();
        using var transaction = Run(program, shape, request);

        output.WriteLine($"{transaction.Steps} steps, {clock.ElapsedMilliseconds} ms, {transaction.Exhausted}");
        var limits = EngineLimits.Default;
        Assert.True(transaction.Steps
            < limits.StepsMax + (2 * limits.StepsPerByteMax * Bytes) + (StepsPerByteMax * 3L * Bytes));
        // A quiet core needs less than half a second that the steps stand for; a mistake takes minutes.
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(5), $"{clock.Elapsed}");
    }

    [Fact]
    public void Evaluate_ExhaustedBehindAnAttack_StillJudgesTheScore()
    {
        const string Rules = """
            SecRule ARGS:a "@contains attack" "id:1,phase:2,pass,setvar:tx.score=+5"
            SecRule ARGS:b "!@rx zzz" "id:2,phase:2,pass,t:hexEncode"
            SecRule ARGS:b "@rx y" "id:3,phase:2,pass,setvar:tx.score=0"
            SecRule TX:SCORE "@ge 5" "id:4,phase:2,deny"
            """;
        var body = $"a=attack&b={new string('x', 4000)}";
        var request = new CanonicalRequest();
        var limits = Fixed(20_000);
        var program = Profile.Compile(Rules, EngineOptions.Default with { Limits = limits, Prefilter = false });
        using var transaction = Run(program, new HostileRequest(
            "", "/", "application/x-www-form-urlencoded", Encoding.ASCII.GetBytes(body), []), request);

        Assert.True(transaction.Exhausted);
        Assert.Equal(4, transaction.Interruption?.RuleId);
    }

    [Theory]
    [InlineData("SecRule ARGS:a \"@contains %{ARGS.b}\" \"id:1,phase:2,pass\"")]
    [InlineData("SecRule ARGS:a \"@rx %{ARGS.b}\" \"id:1,phase:2,pass\"")]
    [InlineData("SecRule ARGS \"@rx ^(.*)*$\" \"id:1,phase:2,pass,capture,setvar:'tx.%{MATCHED_VAR}=%{TX.0}'\"")]
    [InlineData("SecRule ARGS \"@rx (?:(a+)+)\\1b\" \"id:1,phase:2,pass\"")]
    [InlineData("SecRule ARGS \"@verifyCC \\d\" \"id:1,phase:2,pass\"")]
    [InlineData("SecRule ARGS|!ARGS:/^(a|aa)+$/ \"@detectSQLi\" \"id:1,phase:2,pass,t:base64Encode,t:sha1\"")]
    [InlineData("SecRule ARGS \"@rx .\" \"id:1,phase:2,pass,multiMatch,t:hexEncode,t:urlEncode,t:sqlHexDecode\"")]
    public void Evaluate_RuleThatMeetsItsWorstValues_StaysWithinItsSteps(string rule)
    {
        const long StepsMax = 1_000_000;
        var value = string.Concat(Enumerable.Repeat("a1", 10_000));
        var request = new CanonicalRequest();
        var program = Profile.Compile(rule, new EngineOptions { Limits = Fixed(StepsMax) });
        using var transaction = Run(program, new HostileRequest("", "/", "application/x-www-form-urlencoded",
            Encoding.ASCII.GetBytes($"a={value}&b={value}%27&{value}=1"), []), request);

        Assert.InRange(transaction.Steps, 1, StepsMax + (10 * 20_000 * StepsPerByteMax));
        Assert.True(transaction.Exhausted || transaction.Steps <= StepsMax);
    }

    /// <summary>A limit that does not grow with the request.</summary>
    private static EngineLimits Fixed(long steps) => EngineLimits.Default with
    {
        StepsMax = steps, StepsPerByteMax = 0, RegexStepsPerByteMax = 0,
    };

    private static RuleProgram CoreRuleSet(int paranoia, EngineLimits limits)
    {
        Assert.True(Directory.Exists(Rules), "Install the Debian package modsecurity-crs to run this test.");
        var text = $"Include /etc/modsecurity/crs/crs-setup.conf\nSecRuleEngine On\n"
            + $"SecAction \"id:1,phase:1,nolog,pass,setvar:tx.paranoia_level={paranoia}\"\nInclude {Rules}/*.conf";
        var parsed = SecLangParser.Parse([SecLangSource.FromText("all", text)],
            new DirectorySourceResolver(Rules, "/etc/modsecurity/crs"));
        return RuleProgram.Compile(parsed.Document, new EngineOptions { Limits = limits }).Program!;
    }

    private static Transaction Run(RuleProgram program, HostileRequest hostile, CanonicalRequest request)
    {
        request.Reset();
        request.Begin("POST", hostile.Target, "HTTP/1.1");
        request.AddHeader("Host", "shop.example");
        foreach (var (name, value) in hostile.Headers) request.AddHeader(name, value);
        if (hostile.ContentType.Length > 0) request.AddHeader("Content-Type", hostile.ContentType);
        request.EndHeaders();
        var transaction = program.Rent();
        transaction.Begin(request, new ConnectionFacts(IPAddress.Loopback, 1, IPAddress.Loopback, 2, 3));
        transaction.EvaluateRequestHeaders();
        request.AppendBody(hostile.Body);
        request.EndBody();
        transaction.EvaluateRequestBody();
        transaction.EvaluateLogging();
        return transaction;
    }
}
