using System.CommandLine;
using System.Net;
using WafOperator.Cli.Analysis;
using WafOperator.Cli.Output;
using WafOperator.Cli.Running;
using WafOperator.Policies.Files;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Judging;
using WafOperator.Recordings;

namespace WafOperator.Cli.Replaying;

/// <summary><c>replay</c>: recorded requests against a policy file, through the sidecar itself.</summary>
internal static class ReplayCommand
{
    private const string DebianRules = "/usr/share/modsecurity-crs";

    public static Command Build(CliEnvironment environment)
    {
        var recording = new Argument<string>("recording")
        {
            Description = "A HAR file, JSON lines (method, uri, headers, body; label 1 for an attack) or an access "
                + "log; - for standard input.",
        };
        var policy = new Option<string>("--policy", "-f")
        {
            Description = "WafPolicy manifest, with its WafExclusions, ModelVersions and labelled ConfigMaps.",
            HelpName = "FILE", Required = true,
        };
        var name = new Option<string?>("--name") { Description = "Which policy of the file.", HelpName = "NAME" };
        var rules = new Option<string?>("--rules")
        {
            Description = $"Folder with rule sets (default: WAF_RULES_DIR, else {DebianRules}).", HelpName = "DIR",
        };
        var models = new Option<string?>("--models")
        {
            Description = "Folder with model packages (default: WAF_MODELS_DIR; without one, rules decide alone).",
            HelpName = "DIR",
        };
        var show = new Option<int>("--show")
        {
            Description = "How many blocked requests are listed.", DefaultValueFactory = _ => 20, HelpName = "N",
        };
        var limit = new Option<int>("--limit")
        {
            Description = "How many requests are sent at most.", DefaultValueFactory = _ => 1_000_000, HelpName = "N",
        };
        var fail = new Option<bool>(
            "--fail-on-block") { Description = "Exit code 1 when any request would be blocked." };
        var command = new Command(
            "replay",
                "Send recorded requests through a policy, without a cluster, and say what would be blocked and why.")
        {
            recording, policy, name, rules, models, show, limit, fail,
        };
        command.Runs(environment, async (invocation, cancellationToken) =>
        {
            var parsed = invocation.Parsed;
            var document = Compile(invocation, parsed.GetRequiredValue(policy), parsed.GetValue(name));
            invocation.Progress.Show("compiling the rules");
            await using var judge = await StartAsync(
                document,
                OptionsOf(parsed.GetValue(rules), parsed.GetValue(models), environment), cancellationToken);
            if (judge.IsOff) invocation.Note("note: the policy's mode is Off: nothing is inspected");
            var tally = new ReplayTally(Math.Max(0, parsed.GetValue(show)));
            var problems = new RecordingProblems();
            using var source = Open(parsed.GetRequiredValue(recording), environment);
            var requests = Recording.Read(source, problems).Take(Math.Max(0, parsed.GetValue(limit)));
            await JudgeAsync(requests, judge, tally, invocation.Progress, cancellationToken);
            invocation.Write(tally.ToReport(problems));
            return parsed.GetValue(fail) && tally.Blocked > 0 ? ExitCodes.Found : ExitCodes.Ok;
        });
        return command;
    }

    private static JudgeOptions OptionsOf(string? rules, string? models, CliEnvironment environment) => new()
    {
        RulesDirectory = rules ?? environment.Variable("WAF_RULES_DIR")
            ?? (Directory.Exists(DebianRules) ? DebianRules : null),
        ModelsDirectory = models ?? environment.Variable("WAF_MODELS_DIR"),
    };

    private static async Task<RequestJudge> StartAsync(
        PolicyDocument document, JudgeOptions options, CancellationToken cancellationToken)
    {
        try
        {
            return await RequestJudge.StartAsync(document, options, cancellationToken);
        }
        catch (JudgingException refusal)
        {
            throw new CliException(
                refusal.Message, "--rules names the folder with the rule sets, such as /usr/share/modsecurity-crs",
                ExitCodes.Found);
        }
    }

    private static async Task JudgeAsync(
        IEnumerable<RecordedRequest> requests, RequestJudge judge, ReplayTally tally, Progress progress,
        CancellationToken cancellationToken)
    {
        try
        {
            foreach (var request in requests)
            {
                var client = IPAddress.TryParse(request.Client, out var address) ? address : IPAddress.Loopback;
                tally.Add(request, await judge.JudgeAsync(RequestBytes.Of(request), client, cancellationToken));
                if (tally.Requests % 50 == 0)
                    progress.Show($"{tally.Requests} requests, {tally.Blocked} would be blocked");
            }
        }
        catch (RecordingException failure)
        {
            throw new CliException(failure.Message, failure.Next);
        }
    }

    private static PolicyDocument Compile(Invocation invocation, string file, string? name)
    {
        var text = SourceFiles.ReadOne(file, invocation.Environment);
        var loaded = PolicyFile.Load(text, invocation.Now, name);
        foreach (var warning in loaded.Warnings) invocation.Note($"{file}: {warning}");
        if (loaded.Document is not { } document)
        {
            throw new CliException(
                $"{file} cannot be used: {string.Join("; ", loaded.Errors)}", $"kubectl waf analyze -f {file}",
                ExitCodes.Found);
        }

        if (document.RateLimits.Count > 0 || document.Behaviour is not null)
            invocation.Note("note: rate limits and what clients did before depend on time, and are not replayed");
        return document;
    }

    private static Stream Open(string name, CliEnvironment environment) =>
        name == "-" ? environment.In()
        : File.Exists(name) ? File.OpenRead(name) : throw new CliException($"there is no file {name}");
}
