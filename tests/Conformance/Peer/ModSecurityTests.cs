using System.Runtime.CompilerServices;
using Xunit.Abstractions;

namespace WafOperator.Conformance.Peer;

/// <summary>
/// A test against nginx with ModSecurity 3. A web server is not something that <c>./test --fast</c> should put on
/// somebody's machine, so there it is left out where nobody did; <c>./test</c> installs it and leaves out nothing.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PeerFactAttribute : FactAttribute
{
    public PeerFactAttribute()
    {
        string[] needed = [ModSecurityServer.Program, ModSecurityServer.Module, ModSecurityServer.RecommendedRules];
        var isWhole = Environment.GetEnvironmentVariable("WAF_TEST_ALL") is { Length: > 0 };
        if (!isWhole && !needed.All(File.Exists))
            Skip = "nginx with ModSecurity is not installed: tests/Conformance/compare-modsecurity installs it";
    }
}

/// <summary>docs/modsecurity.md says where ModSecurity and we differ, and why; nothing else may differ.</summary>
public sealed class ModSecurityTests(ITestOutputHelper output)
{
    [PeerFact]
    public void CoreRuleSet_BesideModSecurity_DiffersAsDocumented()
    {
        var document = new ComparisonDocument(
            Comparison.RunDetection(), Comparison.RunInForce(), EvasionComparison.Run());
        var path = Path.Combine(Path.GetDirectoryName(SourcePath())!, "../../../docs/modsecurity.md");
        var text = document.Text();
        foreach (var line in document.Unexplained) output.WriteLine(line);
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1") File.WriteAllText(path, text);
        Assert.Empty(document.Unexplained);
        // Whoever changes a detector is told by the suites; the page is compared when its command is run.
        if (Environment.GetEnvironmentVariable("WAF_COMPARE_DOCUMENT") == "1")
            Assert.Equal(File.ReadAllText(path), text);
    }

    private static string SourcePath([CallerFilePath] string path = "") => path;
}
