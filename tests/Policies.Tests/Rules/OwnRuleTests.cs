using System.Net;
using System.Text;
using WafOperator.Engine;
using WafOperator.Http;
using WafOperator.Policies.Rules;
using WafOperator.Resources.Policies;
using WafOperator.SecLang;

namespace WafOperator.Policies.Tests.Rules;

/// <summary>
/// Rules that the compiler writes itself, in the engine that sidecars run, on uploads as clients send them.
/// </summary>
public sealed class OwnRuleTests
{
    private const long ServerCode = ReservedRuleIds.Bodies + 5;
    private const long PictureScript = ReservedRuleIds.Bodies + 6;

    private static readonly string Long = new('x', 100_000);

    public static TheoryData<string, string, long> Uploads => new()
    {
        { "notes.txt", "tea and cake\nfor two\n", 0 },
        { "manual.txt", "Write <? at the beginning and ?> at the end.\n\n", 0 },
        { "a.html", "<html>\n<script>alert(1)</script>\n</html>", 0 },
        { "shell.php", "<?php system($_GET['c']); ?>", ServerCode },
        { "shell.PHP", "<?PHP\nsystem($_GET['c']);", ServerCode },
        { "photo.jpg", "\u00ff\u00d8\u00ff\u00e0\0\u0010JFIF" + Long + "<?php eval($_POST[1]);", ServerCode },
        { "shell.jsp", "<%@page import=\"java.io.*\"%>\n", ServerCode },
        { "page.jsp", "text\n<jsp:include page=\"/etc/passwd\"/>", ServerCode },
        { "x.cfm", "<CFEXECUTE name=\"cmd\">", ServerCode },
        { "logo.svg", "<svg xmlns=\"http://www.w3.org/2000/svg\"><circle r=\"4\"/></svg>", 0 },
        { "logo.svg", "<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>", PictureScript },
        { "logo.svg", "<svg xmlns=\"http://www.w3.org/2000/svg\"\nonload=\"alert(1)\"/>", PictureScript },
        { "logo.svg", "<svg><a href=\"javascript:alert(1)\">x</a></svg>", PictureScript },
    };

    [Theory, MemberData(nameof(Uploads))]
    public void Upload_ThatAServerOrBrowserWouldRun_IsScored(string name, string content, long expected)
    {
        var (ids, score) = Send(
            new RulesSpec(), "POST", "multipart/form-data; boundary=b",
            $"--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"{name}\"\r\n"
            + $"Content-Type: application/octet-stream\r\n\r\n{content}\r\n--b--\r\n");

        Assert.Equal(expected == 0 ? [] : [expected], ids.Where(id => id is ServerCode or PictureScript));
        Assert.Equal(expected == 0 ? 0 : 5, score);
    }

    [Theory]
    [InlineData("PUT", true, false)]
    [InlineData("PUT", false, true)]
    [InlineData("POST", true, true)]
    public void FileOfAnyType_MayBePutIntoAWebDavFolder(string method, bool isWebDav, bool isJudged)
    {
        const string types = "SecRule REQUEST_HEADERS:Content-Type \"@rx .\" \"id:920420,phase:1,pass,nolog\"";
        var (ids, _) = Send(new RulesSpec { WebDav = isWebDav }, method, "application/x-own", "tea", types);

        Assert.Equal(isJudged, ids.Contains(920420));
    }

    private static (List<long> Ids, long Score) Send(
        RulesSpec spec, string method, string type, string body, string more = "")
    {
        var parsed = SecLangParser.Parse(SettingsText.Write(spec) + "\n" + more);
        Assert.False(parsed.HasErrors, string.Join("\n", parsed.Diagnostics));
        var program = RuleProgram.Compile(parsed.Document).Program!;
        var request = new CanonicalRequest();
        request.Begin(Encoding.UTF8.GetBytes(method), "/upload"u8, "HTTP/1.1"u8);
        request.AddHeader("Host"u8, "shop.example"u8);
        request.AddHeader("Content-Type"u8, Encoding.UTF8.GetBytes(type));
        request.EndHeaders();
        using var transaction = program.Rent();
        transaction.Begin(request, new ConnectionFacts(IPAddress.Loopback, 40000, IPAddress.Loopback, 80, UInt128.One));
        transaction.EvaluateRequestHeaders();
        request.AppendBody(Encoding.Latin1.GetBytes(body));
        request.EndBody();
        transaction.EvaluateRequestBody();
        return ([.. transaction.MatchedRuleIds], transaction.ReadNumber("anomaly_score_pl1") ?? 0);
    }
}
