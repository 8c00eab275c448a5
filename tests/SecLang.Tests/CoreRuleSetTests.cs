using System.Collections.Immutable;

namespace WafOperator.SecLang.Tests;

/// <summary>
/// The OWASP Core Rule Set as Debian installs it (package modsecurity-crs); the tests say so where it is not there.
/// </summary>
public sealed class CoreRuleSetTests
{
    private const string Rules = "/usr/share/modsecurity-crs/rules";
    private const string Setup = "/etc/modsecurity/crs/crs-setup.conf";

    [Fact]
    public void Parse_CoreRuleSet_UnderstandsEveryLine()
    {
        var result = ParseCoreRuleSet();

        Assert.DoesNotContain(result.Diagnostics, d => d.Severity == DiagnosticSeverity.Error);
        var rules = result.Document.Directives.Count(d => d is RuleDirective or ActionDirective);
        Assert.True(rules > 750, $"{rules} rules");
        Assert.True(result.Document.DataFiles.Count >= 18, $"{result.Document.DataFiles.Count} data files");
    }

    [Fact]
    public void Parse_CoreRuleSet_RefusesOnlyWhatNeedsTheNetworkOrADatabase()
    {
        var refused = ParseCoreRuleSet().Diagnostics.Where(d => d.Severity == DiagnosticSeverity.Refused)
            .Select(d => d.Code).Distinct().Order();

        Assert.Equal([DiagnosticCodes.RefusedVariable, DiagnosticCodes.RefusedOperator], refused);
    }

    [Fact]
    public void Print_CoreRuleSet_ParsesToTheSameTree()
    {
        var document = ParseCoreRuleSet().Document;
        var text = SecLangPrinter.Print(document);

        var again = SecLangParser.Parse(
            [new SecLangSource("printed", text)], new DirectorySourceResolver(Rules)).Document;

        TreeAssert.Same(document, again);
    }

    private static SecLangParseResult ParseCoreRuleSet()
    {
        Assert.True(Directory.Exists(Rules), "Install the Debian package modsecurity-crs to run this test.");
        return SecLangParser.Parse(
            [SecLangSource.FromText("all", $"Include {Setup}\nInclude {Rules}/*.conf\n")],
            new DirectorySourceResolver(Rules, "/etc/modsecurity/crs"));
    }
}
