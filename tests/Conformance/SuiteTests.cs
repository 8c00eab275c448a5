using System.Globalization;
using Xunit.Abstractions;

namespace WafOperator.Conformance;

/// <summary>Any rule set's own suite, from the folders that `run-suite` is given.</summary>
public sealed class SuiteTests(ITestOutputHelper output)
{
    // As the suites' own set-up has it; both generations of names.
    private const string Setup = """
        SecRuleEngine DetectionOnly
        SecRequestBodyAccess On
        SecResponseBodyAccess On
        SecResponseBodyMimeType text/plain text/html text/xml application/json
        SecAction "id:900005,phase:1,nolog,pass,ctl:ruleEngine=DetectionOnly,ctl:ruleRemoveById=910000,\
          setvar:tx.paranoia_level=4,setvar:tx.blocking_paranoia_level=4,setvar:tx.detection_paranoia_level=4,\
          setvar:tx.crs_validate_utf8_encoding=1,setvar:tx.arg_name_length=100,setvar:tx.arg_length=400,\
          setvar:tx.total_arg_length=64000,setvar:tx.max_num_args=255,setvar:tx.max_file_size=64100,\
          setvar:tx.combined_file_size=65535,setvar:tx.combined_file_sizes=65535"
        """;

    [SuiteFact]
    public void GivenSuite_AgainstGivenRules_Passes()
    {
        var rules = Path.GetFullPath(Environment.GetEnvironmentVariable(SuiteFactAttribute.Rules)!);
        var tests = CrsTestReader.ReadAll(
            Environment.GetEnvironmentVariable(SuiteFactAttribute.Tests)!, withDisabled: false);
        var engine = CrsEngine.Of(Configuration(rules), Folders(rules));
        var failed = 0;
        foreach (var test in tests)
        {
            if (RegressionTests.Judge(engine, test) is not { } reason) continue;
            failed++;
            output.WriteLine($"{test.Title} ({test.File}): {reason}");
        }

        var share = 100.0 * (tests.Count - failed) / Math.Max(1, tests.Count);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{tests.Count - failed} of {tests.Count} pass ({share:F2} %)."));
        Assert.NotEmpty(tests);
        Assert.True(share >= 99.5, $"{share} % pass");
    }

    /// <summary>
    /// A configuration file as it is; a folder as the rule set's authors lay it out: its set-up, then what a suite
    /// needs, then the rules.
    /// </summary>
    private static string Configuration(string rules)
    {
        if (File.Exists(rules))
        {
            return $"Include {rules}\n{Setup}";
        }

        var setup = Folders(rules).SelectMany(folder => new[] { "crs-setup.conf", "crs-setup.conf.example" }
            .Select(name => Path.Combine(folder, name))).FirstOrDefault(File.Exists);
        var folder = Directory.Exists(Path.Combine(rules, "rules")) ? Path.Combine(rules, "rules") : rules;
        return $"{(setup is null ? "" : $"Include {setup}")}\n{Setup}\nInclude {folder}/*.conf";
    }

    private static string[] Folders(string rules)
    {
        var folder = File.Exists(rules) ? Path.GetDirectoryName(rules)! : rules;
        return [folder, Path.GetDirectoryName(folder) ?? folder];
    }
}

/// <summary>A test that needs a suite, and says so where none is given.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class SuiteFactAttribute : FactAttribute
{
    public const string Tests = "SUITE_TESTS";
    public const string Rules = "SUITE_RULES";

    public SuiteFactAttribute() => Skip = Environment.GetEnvironmentVariable(Tests) is null
        ? "no suite is given; tests/Conformance/run-suite does so"
        : null;
}
