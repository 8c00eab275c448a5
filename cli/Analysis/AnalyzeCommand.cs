using System.CommandLine;
using System.Text.Json.Nodes;
using WafOperator.Cli.Output;
using WafOperator.Cli.Running;

namespace WafOperator.Cli.Analysis;

/// <summary><c>analyze -f</c>: what the cluster would say of files, without one.</summary>
internal static class AnalyzeCommand
{
    public static Command Build(CliEnvironment environment)
    {
        var files = new Option<string[]>("--filename", "-f")
        {
            Description = "Manifests (.yaml, .json), rule files (.conf, .seclang), folders with them, or -.",
            HelpName = "FILE", Required = true, AllowMultipleArgumentsPerToken = true,
        };
        var strict = new Option<bool>("--strict") { Description = "Warnings count as well: exit code 1." };
        var command = new Command(
            "analyze", "Check policies, exclusions and rule files without a cluster; for CI. Exit code 1 on errors.")
        {
            files, strict,
        };
        command.Runs(environment, (invocation, _) =>
        {
            var sources = SourceFiles.Read(invocation.Parsed.GetRequiredValue(files), environment);
            invocation.Progress.Show($"checking {sources.Count} files");
            var findings = FileAnalysis.Of(sources, invocation.Now);
            invocation.Write(ReportOf(findings, sources.Count));
            var worst = invocation.Parsed.GetValue(strict) ? AnalysisSeverity.Warning : AnalysisSeverity.Error;
            return Task.FromResult(
                findings.Any(finding => finding.Severity >= worst) ? ExitCodes.Found : ExitCodes.Ok);
        });
        return command;
    }

    private static Report ReportOf(IReadOnlyList<AnalysisFinding> findings, int files) => new(
        new JsonObject
        {
            ["kind"] = "AnalysisReport",
            ["files"] = files,
            ["findings"] = new JsonArray([.. findings.Select(finding => (JsonNode)new JsonObject
            {
                ["file"] = finding.File,
                ["line"] = finding.Line,
                ["severity"] = finding.Severity.ToString(),
                ["code"] = finding.Code,
                ["message"] = finding.Message,
            })]),
        },
        [.. findings.Select(finding => finding.File).Distinct()],
        (output, paint) => Write(output, paint, findings, files));

    private static void Write(TextWriter output, Paint paint, IReadOnlyList<AnalysisFinding> findings, int files)
    {
        foreach (var finding in findings)
        {
            var severity = finding.Severity.ToString().ToLowerInvariant();
            var painted = finding.Severity switch
            {
                AnalysisSeverity.Error => paint.Bad(severity),
                AnalysisSeverity.Warning => paint.Warning(severity),
                _ => paint.Weak(severity),
            };
            output.WriteLine($"{PlainText.Of(finding.File)}:{finding.Line}: {painted}: "
                + $"{PlainText.Of(finding.Message, 1_000)} {paint.Weak($"[{finding.Code}]")}");
        }

        output.WriteLine($"{files} files: {findings.Count(f => f.Severity is AnalysisSeverity.Error)} errors, "
            + $"{findings.Count(f => f.Severity is AnalysisSeverity.Warning)} warnings, "
            + $"{findings.Count(f => f.Severity is AnalysisSeverity.Advice)} pieces of advice");
    }
}
