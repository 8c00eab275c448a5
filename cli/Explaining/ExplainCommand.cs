using System.CommandLine;
using WafOperator.Cli.Cluster;
using WafOperator.Cli.Events;
using WafOperator.Cli.Running;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;
using WafOperator.Protocols.Events;
using WafOperator.Resources;
using WafOperator.Resources.Policies;

namespace WafOperator.Cli.Explaining;

/// <summary><c>explain</c>: what applies to a pod, a URL or a decision, and why.</summary>
internal static class ExplainCommand
{
    public static Command Build(CliEnvironment environment) => new(
        "explain", "Say what applies to a pod, a URL or a decision, and why.")
    {
        Pod(environment), Url(environment), Event(environment),
    };

    private static Command Pod(CliEnvironment environment)
    {
        var name = new Argument<string>("name") { Description = "Name of the pod." };
        var command = new Command("pod", "Which policy it has, whether it has its sidecar, and why.") { name };
        command.Runs(environment, async (invocation, cancellationToken) =>
        {
            var (ns, client) = (invocation.Namespace, invocation.Client);
            var key = new NamespacedName(ns, invocation.Parsed.GetRequiredValue(name));
            var pod = await client.GetAsync(PodFacts.Type, key, cancellationToken);
            var policies = await client.ListAsync(OurKinds.Policies, ListOptions.In(ns), cancellationToken);
            var reader = new ClusterFactsReader(client, environment.Time, invocation.Progress);
            var workloads = await reader.WorkloadsAsync(ListOptions.In(ns), cancellationToken);
            invocation.Write(PodExplanation.Of(pod, [.. policies.Items.Select(item => item.Value)], workloads)
                .ToReport($"pod/{key.Name}"));
            return ExitCodes.Ok;
        });
        return command;
    }

    private static Command Url(CliEnvironment environment)
    {
        var url = new Argument<string>("url") { Description = "A URL or a path." };
        var policy = new Option<string?>("--policy")
        {
            Description = "The policy; needed where the namespace has several.", HelpName = "NAME",
        };
        var method = new Option<string>("--method", "-X")
        {
            Description = "Method.", HelpName = "METHOD", DefaultValueFactory = _ => "GET",
        };
        var command = new Command("url", "Lists, limits, route, engines and exclusions that hold for it.")
        {
            url, policy, method,
        };
        command.Runs(environment, async (invocation, cancellationToken) =>
        {
            var scope = ListOptions.In(invocation.Namespace);
            var policies = await invocation.Client.ListAsync(OurKinds.Policies, scope, cancellationToken);
            var chosen = Choose([.. policies.Items.Select(item => item.Value)], invocation.Parsed.GetValue(policy),
                invocation.Namespace);
            var exclusions = await invocation.Client.ListAsync(OurKinds.Exclusions, scope, cancellationToken);
            invocation.Write(UrlExplanation.Of(
                chosen, [.. exclusions.Items.Select(item => item.Value)],
                invocation.Parsed.GetValue(method)!.ToUpperInvariant(),
                PathOf(invocation.Parsed.GetRequiredValue(url)), invocation.Now)
                .ToReport($"wafpolicy/{chosen.Metadata.Name}"));
            return ExitCodes.Ok;
        });
        return command;
    }

    private static Command Event(CliEnvironment environment)
    {
        var id = new Argument<string>("id") { Description = "The id that the block page shows." };
        var file = new Option<string?>("--filename", "-f")
        {
            Description = "A kept decision log instead of the cluster's, or -.", HelpName = "FILE",
        };
        var command = new Command("event", "Why a request was decided as it was, and what to do if it was harmless.")
        {
            id, file,
        };
        command.Runs(environment, async (invocation, cancellationToken) =>
        {
            var wanted = invocation.Parsed.GetRequiredValue(id);
            invocation.Progress.Show("reading decisions");
            var found = invocation.Parsed.GetValue(file) is { } name
                ? DecisionFile.Read(name, environment).FirstOrDefault(decision => decision.Id == wanted)
                : await FindAsync(invocation, wanted, cancellationToken);
            if (found is null)
            {
                throw new CliException(
                    $"no log that was read has the event {wanted}",
                    "-A for all namespaces; logs that were rotated away are in the console, if it runs",
                        ExitCodes.Found);
            }

            invocation.Write(EventExplanation.Of(found, invocation.Now).ToReport(found.Id));
            return ExitCodes.Ok;
        });
        return command;
    }

    private static async Task<SecurityEvent?> FindAsync(
        Invocation invocation, string id, CancellationToken cancellationToken)
    {
        var logs = new SidecarLogs(invocation.Client, invocation.Note);
        invocation.Progress.Show("reading the sidecars' logs");
        var pods = await logs.PodsAsync(invocation.Scope, cancellationToken);
        if (pods.Count == 0) throw EventsCommand.NoPods();
        var options = new LogOptions { Container = WellKnown.SidecarContainer };
        await foreach (var decision in logs.ReadAsync(pods, options, null, cancellationToken))
            if (decision.Id == id) return decision;

        return null;
    }

    private static WafPolicy Choose(IReadOnlyList<WafPolicy> policies, string? name, string ns)
    {
        if (name is not null)
            return policies.FirstOrDefault(policy => policy.Metadata.Name == name)
                ?? throw new CliException($"there is no WafPolicy {name} in namespace {ns}", null, ExitCodes.Found);
        return policies.Count == 1 ? policies[0] : throw new CliException(
            $"namespace {ns} has {policies.Count} policies",
            policies.Count == 0 ? "-n names another namespace" : "name one with --policy: "
                + string.Join(", ", policies.Select(policy => policy.Metadata.Name)), ExitCodes.Usage);
    }

    private static string PathOf(string url)
    {
        var path = Uri.TryCreate(url, UriKind.Absolute, out var absolute) && absolute.Scheme is "http" or "https"
            ? new Uri(url).AbsolutePath : url.Split('?', '#')[0];
        return path.StartsWith('/') ? Uri.UnescapeDataString(path) : "/" + path;
    }
}
