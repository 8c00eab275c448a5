using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Xunit.Abstractions;

namespace WafOperator.Conformance;

/// <summary>CRS 3.3.4's own regression tests against the engine.</summary>
public sealed class RegressionTests(ITestOutputHelper output)
{
    private const double PassedSharePercentMin = 99.5;

    [Fact]
    public void CoreRuleSet_OwnRegressionTests_PassButForTheListedExceptions()
    {
        var tests = CrsTestReader.ReadAll(CrsData.TestsFolder());
        var exceptions = Exceptions();
        var engine = new CrsEngine(prefilter: true);
        var failures = new List<(CrsTest Test, string Reason)>();
        foreach (var test in tests)
        {
            if (Judge(engine, test) is { } reason)
            {
                failures.Add((test, reason));
            }
        }

        foreach (var (test, reason) in failures)
        {
            output.WriteLine(
                $"{test.Title} ({test.File}): {reason}{(exceptions.ContainsKey(test.Title) ? " [listed]" : "")}");
        }

        var share = 100.0 * (tests.Count - failures.Count) / tests.Count;
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{tests.Count - failures.Count} of {tests.Count} pass ({share:F2} %)."));
        Assert.True(tests.Count > 1300, $"only {tests.Count} tests were found");
        Assert.Empty(failures.Select(f => f.Test.Title).Except(exceptions.Keys));
        Assert.Empty(exceptions.Keys.Except(failures.Select(f => f.Test.Title)));
        Assert.True(share >= PassedSharePercentMin, $"{share} % pass");
    }

    /// <summary>Null where all stages went as expected, otherwise what did not.</summary>
    internal static string? Judge(CrsEngine engine, CrsTest test)
    {
        for (var i = 0; i < test.Stages.Count; i++)
        {
            var (input, expected) = test.Stages[i];
            var answer = engine.Run(input);
            var reason = Judge(expected, answer, test.RuleId);
            if (reason is not null)
            {
                return $"{reason} (ids: {string.Join(' ', answer.Matches.Select(m => m.Id))})";
            }
        }

        return null;
    }

    internal static string? Judge(CrsOutput expected, CrsAnswer answer, string ruleId)
    {
        // 400 means that the server in front does not read the request, 403 that the rules would block it.
        var refused = answer.IsMalformed || (answer.WouldBlock
            && expected.Status.Contains(403)) || answer.Log.Contains($"[id \"{ruleId}\"]", StringComparison.Ordinal);
        if (expected.LogContains is { } wanted && !Regex.IsMatch(answer.Log, wanted))
        {
            return $"the log does not contain {wanted}";
        }

        if (expected.NoLogContains is { } unwanted && Regex.IsMatch(answer.Log, unwanted))
        {
            return $"the log contains {unwanted}";
        }

        bool Logged(string id) => answer.Log.Contains($"[id \"{id}\"]", StringComparison.Ordinal);
        if (expected.ExpectIds.Where(id => !Logged(id)).ToArray() is { Length: > 0 } missing && !answer.IsMalformed)
        {
            return $"the log does not contain {string.Join(' ', missing)}";
        }

        if (expected.NoExpectIds.Where(Logged).ToArray() is { Length: > 0 } there)
        {
            return $"the log contains {string.Join(' ', there)}";
        }

        if (expected.Isolated && answer.Matches.Any(match => !expected.ExpectIds.Contains($"{match.Id}")))
        {
            return "other rules are in the log";
        }

        if (expected.ResponseContains is { } text && !Regex.IsMatch(answer.Response, text))
        {
            return $"the response does not contain {text}";
        }

        if (expected.ExpectError && !refused)
        {
            return "an error was expected";
        }

        return expected.Status.Count == 0 || expected.Status.Contains(200) || refused
            ? null
            : $"a status of {string.Join('/', expected.Status)} was expected";
    }

    private static Dictionary<string, string> Exceptions() =>
        File.ReadLines(Path.Combine(AppContext.BaseDirectory, "exceptions.txt"))
            .Where(line => line.Length > 0 && line[0] != '#')
            .Select(line => line.Split(' ', 2)).ToDictionary(parts => parts[0], parts => parts[1].Trim());
}

/// <summary>Where the suite's data is; fetched at the first use.</summary>
internal static class CrsData
{
    public static string TestsFolder()
    {
        var script = Path.Combine(AppContext.BaseDirectory, "fetch-crs-tests");
        using var process = Process.Start(new ProcessStartInfo("/bin/bash", script)
        {
            RedirectStandardOutput = true, RedirectStandardError = true, StandardOutputEncoding = Encoding.UTF8,
        })!;
        var errors = process.StandardError.ReadToEndAsync();
        var folder = process.StandardOutput.ReadToEnd().Trim();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"fetch-crs-tests failed: {errors.Result}");
        return folder;
    }
}
