using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using WafOperator.Cli.Output;
using WafOperator.Cli.Running;
using WafOperator.Kubernetes.Client;
using WafOperator.Protocols;
using WafOperator.Protocols.Events;
using WafOperator.Resources;
using WafOperator.Resources.Quantities;

namespace WafOperator.Cli.Events;

/// <summary><c>events</c>: decisions of the sidecars of a namespace, from their logs.</summary>
internal static class EventsCommand
{
    public static Command Build(CliEnvironment environment)
    {
        var follow = new Option<bool>("--follow", "-f") { Description = "Go on until Ctrl-C." };
        var since = Since();
        var tail = new Option<int>("--tail")
        {
            Description = "How many lines of each log are read from its end.", HelpName = "N",
            DefaultValueFactory = _ => 1_000,
        };
        tail.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() < 0) result.AddError("--tail: not below 0");
        });
        var policy = new Option<string?>("--policy") { Description = "Only of this policy.", HelpName = "NAME" };
        var blocked = new Option<bool>("--blocked") { Description = "Only what Enforce stops." };
        var client = new Option<string?>("--client") { Description = "Only of this client.", HelpName = "ADDRESS" };
        var path = new Option<string?>("--path") { Description = "Only below this path.", HelpName = "PREFIX" };
        var rule = new Option<long?>("--rule") { Description = "Only where this rule matched.", HelpName = "ID" };
        var command = new Command("events", "Show what sidecars decided; -f goes on. With -o json one line each.")
        {
            follow, since, tail, policy, blocked, client, path, rule,
        };
        command.Runs(environment, async (invocation, cancellationToken) =>
        {
            var parsed = invocation.Parsed;
            var filter = new EventFilter(
                parsed.GetValue(policy), parsed.GetValue(blocked), parsed.GetValue(client), parsed.GetValue(path),
                parsed.GetValue(rule));
            var logs = new SidecarLogs(invocation.Client, invocation.Note);
            invocation.Progress.Show("looking for pods with a sidecar");
            var pods = await logs.PodsAsync(invocation.Scope, cancellationToken);
            if (pods.Count == 0) throw NoPods();
            var options = new LogOptions
            {
                Container = WellKnown.SidecarContainer, Follow = parsed.GetValue(follow),
                TailLines = parsed.GetValue(tail), Since = Span(parsed.GetValue(since)),
            };
            try
            {
                await foreach (var decision in logs.ReadAsync(
                    pods, options, invocation.Scope, cancellationToken))
                    if (filter.Lets(decision)) Write(invocation, decision);
            }
            catch (OperationCanceledException) when (options.Follow && cancellationToken.IsCancellationRequested)
            {
                // That is how following ends.
            }

            return ExitCodes.Ok;
        });
        return command;
    }

    /// <summary>The option <c>--since</c>.</summary>
    public static Option<string?> Since()
    {
        var since = new Option<string?>("--since") { Description = "Only younger ones, such as 10m or 2h.",
            HelpName = "TIME" };
        since.Validators.Add(result =>
        {
            if (result.Tokens is [var text] && !DurationText.TryParse(text.Value, out _))
                result.AddError($"--since: {text.Value} is not a duration such as 10m");
        });
        return since;
    }

    /// <summary>Its value.</summary>
    public static TimeSpan? Span(string? text) => text is null ? null : DurationText.Parse(text);

    /// <summary>Nothing to read.</summary>
    public static CliException NoPods() => new(
        "no pod with a sidecar runs here", "kubectl waf check; or -A for all namespaces", ExitCodes.Found);

    private static void Write(Invocation invocation, SecurityEvent decision)
    {
        invocation.Progress.Clear();
        var output = invocation.Environment.Out;
        switch (invocation.Format)
        {
            case OutputFormat.Json:
                output.WriteLine(JsonSerializer.Serialize(decision, ProtocolJson.Default.SecurityEvent));
                break;
            case OutputFormat.Yaml:
                output.WriteLine("---");
                var json = JsonSerializer.Serialize(decision, ProtocolJson.Default.SecurityEvent);
                output.Write(Resources.Schema.YamlText.Write(JsonNode.Parse(json)!));
                break;
            case OutputFormat.Name:
                output.WriteLine(PlainText.Of(decision.Id));
                break;
            default:
                output.WriteLine(EventText.Line(decision, invocation.Paint));
                break;
        }

        output.Flush();
    }
}
