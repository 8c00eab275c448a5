using System.Runtime.CompilerServices;
using System.Text;

namespace WafOperator.Engine.Tests.Evasion;

/// <summary>Every technique of the table gets its verdict, and docs/evasion.md says the same.</summary>
public sealed class EvasionTests
{
    public static TheoryData<int, string> Cases { get; } = CreateCases();

    [Theory]
    [MemberData(nameof(Cases))]
    public void Technique_AgainstCoreRuleSet_GetsItsVerdict(int index, string name)
    {
        var item = EvasionTable.All[index];
        var answer = EvasionRules.Run(item.Request);
        Assert.True(item.Verdict == answer.Verdict, $"{name}: {answer.Verdict} by {string.Join(' ', answer.Rules)} "
            + $"{answer.Anomalies}");
    }

    [Fact]
    public void Technique_OrdinaryRequests_Pass()
    {
        var requests = new[]
        {
            EvasionRequest.Get("/shop/items?id=17&sort=price+asc&name=caf%C3%A9"),
            EvasionRequest.Form("name=O%27Brien&comment=cats+and+dogs+%28both%29"),
            EvasionRequest.Json("""{"name":"Müller","tags":["a","b"],"n":1.5}"""),
            EvasionRequest.Multipart("--b|Content-Disposition: form-data; name=\"a\"||hello|--b--|"),
            EvasionRequest.Xml("<order><item id=\"1\">bread</item></order>"),
        };
        foreach (var request in requests)
        {
            var answer = EvasionRules.Run(request);
            Assert.False(answer.IsBlocked || answer.IsRefused, $"{request.Target}: "
                + $"{string.Join(' ', answer.Rules)} {answer.Anomalies}");
        }
    }

    [Fact]
    public void Document_Table_IsCurrent()
    {
        var path = Path.Combine(Path.GetDirectoryName(SourcePath())!, "../../../docs/evasion.md");
        var text = Render();
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, text);
        }

        Assert.Equal(text, File.ReadAllText(path));
    }

    private static string Render()
    {
        var text = new StringBuilder(
            """
            # Evasion techniques and what becomes of them

            Written by the test of the evasion suite (`UPDATE_GOLDEN=1`), which runs every row through the reader
            and OWASP CRS 3.3.4 as Debian installs it, at paranoia level 1 with default thresholds, together with
            the rule a policy adds for bodies that cannot be read (1002 here). *blocked*: the rules stop it. *refused*:
            a limit of the reader stops it. *noted*: no rule of that
            level stops it; the reader notes the anomaly, which models and reports see. *passed*: neither; CRS 3.3.4
            has no rule for that place at this level; the value is among the parts that models score. Chunk
            extensions, bare line feeds and other framing are settled by the server's own parser before the reader
            sees a request.

            """);
        string? group = null;
        foreach (var item in EvasionTable.All)
        {
            var answer = EvasionRules.Run(item.Request);
            if (item.Group != group)
            {
                group = item.Group;
                text.Append($"\n## {group}\n\n| technique | verdict | rules | noted by the reader |\n|---|---|---|"
                    + $"---|\n");
            }

            var rules = string.Join(", ", answer.Rules.Take(4)) + (answer.Rules.Count > 4 ? ", …" : "");
            text.Append($"| {item.Technique} | {answer.Verdict} | {rules} | "
                + $"{(answer.Anomalies == 0 ? "" : answer.Anomalies)} |\n");
        }

        return text.ToString();
    }

    private static TheoryData<int, string> CreateCases()
    {
        var data = new TheoryData<int, string>();
        for (var i = 0; i < EvasionTable.All.Count; i++) data.Add(i, $"{EvasionTable.All[i].Group}: "
            + $"{EvasionTable.All[i].Technique}");
        return data;
    }

    private static string SourcePath([CallerFilePath] string path = "") => path;
}
