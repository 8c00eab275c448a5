using System.Net;
using System.Text;
using WafOperator.Http;
using WafOperator.SecLang;

namespace WafOperator.Engine.Tests.Ordinary;

/// <summary>
/// What a policy promises to inspect is inspected: long ordinary texts do not meet the bound on work.
/// </summary>
public sealed class LongTextTests
{
    private const string Rules = "/usr/share/modsecurity-crs/rules";
    private const int TextBytes = 300 << 10;

    private static readonly Dictionary<int, RuleProgram> Programs =
        new() { [1] = CoreRuleSet(1), [2] = CoreRuleSet(2) };

    public static TheoryData<string, string, int> Cases()
    {
        var cases = new TheoryData<string, string, int>();
        foreach (var kind in LongTexts.Kinds.Keys)
        {
            cases.Add(kind, "form", 1);
            cases.Add(kind, "JSON", 2);
            cases.Add(kind, "multipart", 1);
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Evaluate_LongOrdinaryText_IsReadToItsEnd(string kind, string carrier, int paranoia)
    {
        var (type, body) = Carry(carrier, LongTexts.Make(kind, TextBytes));
        var request = new CanonicalRequest(HttpLimits.Default with { BodyBytesMax = 4 << 20 });
        request.Begin("POST", "/wp-admin/theme-editor.php", "HTTP/1.1");
        request.AddHeader("Host", "shop.example");
        request.AddHeader("Content-Type", type);
        request.EndHeaders();
        using var transaction = Programs[paranoia].Rent();
        transaction.Begin(request, new ConnectionFacts(IPAddress.Loopback, 1, IPAddress.Loopback, 2, 3));
        transaction.EvaluateRequestHeaders();
        request.AppendBody(Encoding.UTF8.GetBytes(body));
        request.EndBody();
        transaction.EvaluateRequestBody();

        Assert.False(transaction.Exhausted,
            $"{transaction.Steps / (double)body.Length:0} steps a byte, most in rule {transaction.DearestRuleId}");
    }

    private static (string Type, string Body) Carry(string carrier, string text) => carrier switch
    {
        "form" => ("application/x-www-form-urlencoded", "newcontent=" + Uri.EscapeDataString(text)),
        "JSON" => ("application/json", "{\"content\":\"" + JsonEncode(text) + "\"}"),
        _ => ("multipart/form-data; boundary=line",
            $"--line\r\nContent-Disposition: form-data; name=\"content\"\r\n\r\n{text}\r\n--line--\r\n"),
    };

    private static string JsonEncode(string text) => System.Text.Json.JsonEncodedText.Encode(text).ToString();

    /// <summary>Nothing blocks, so that every rule reads the text.</summary>
    private static RuleProgram CoreRuleSet(int paranoia)
    {
        Assert.True(Directory.Exists(Rules), "Install the Debian package modsecurity-crs to run this test.");
        var text = "Include /etc/modsecurity/crs/crs-setup.conf\nSecRuleEngine On\n"
            + $"SecAction \"id:1,phase:1,nolog,pass,setvar:tx.paranoia_level={paranoia},"
            + $"setvar:tx.inbound_anomaly_score_threshold=100000\"\nInclude {Rules}/*.conf";
        var parsed = SecLangParser.Parse([SecLangSource.FromText("all", text)],
            new DirectorySourceResolver(Rules, "/etc/modsecurity/crs"));
        return RuleProgram.Compile(parsed.Document, EngineOptions.Default).Program!;
    }
}
