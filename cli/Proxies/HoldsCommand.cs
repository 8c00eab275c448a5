using System.CommandLine;
using System.Net;
using System.Text.Json.Nodes;
using WafOperator.Cli.Cluster;
using WafOperator.Cli.Events;
using WafOperator.Cli.Output;
using WafOperator.Cli.Running;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;
using WafOperator.Resources.Policies;

namespace WafOperator.Cli.Proxies;

/// <summary><c>holds</c>: clients that sidecars hold for what they did; and letting one go.</summary>
internal static class HoldsCommand
{
    /// <summary>Begins the name of a client where others are names of objects.</summary>
    public const string Prefix = "client/";

    public static Command Build(CliEnvironment environment)
    {
        var port = ProxyCommand.PortOption();
        var command = new Command("holds", "Clients that sidecars hold: by which policy, why, until when.") { port };
        command.Runs(environment, async (invocation, cancellationToken) =>
        {
            var pods = await new SidecarLogs(invocation.Client, invocation.Note)
                .PodsAsync(invocation.Scope, cancellationToken);
            if (pods.Count == 0) throw EventsCommand.NoPods();
            var answers = await SidecarPages.AskAsync(
                invocation, pods, invocation.Parsed.GetValue(port), "/behaviour", cancellationToken);
            var all = new List<HeldClient>();
            var silent = 0;
            foreach (var (pod, answer) in pods.Zip(answers))
            {
                var held = answer.Problem is null
                    ? HeldClients.Read(answer.Body, pod.Key.Namespace, pod.InjectedPolicy ?? "") : null;
                if (held is not null) all.AddRange(held);
                else silent++;
                if (held is null) invocation.Note($"note: {pod.Key}: {answer.Problem ?? "its page cannot be read"}");
            }

            invocation.Write(HeldClients.ReportOf(HeldClients.Joined(all), silent));
            return silent < pods.Count ? ExitCodes.Ok : ExitCodes.Failed;
        });
        return command;
    }

    /// <summary>Lets a client go: the policy exempts it, which ends its holds in all pods.</summary>
    /// <param name="invocation">The run.</param>
    /// <param name="client">Its address.</param>
    /// <param name="policy">The policy by which it is held.</param>
    /// <param name="isDry">Only ask the server whether it would.</param>
    public static async Task<int> ReleaseAsync(
        Invocation invocation, string client, string? policy, bool isDry, CancellationToken cancellationToken)
    {
        if (policy is null)
            throw new CliException("--policy is missing: by which one is it held", "kubectl waf holds",
                ExitCodes.Usage);
        var key = new NamespacedName(invocation.Namespace, policy);
        var found = await invocation.Client.GetAsync(OurKinds.Policies, key, cancellationToken);
        var patch = Exempting(found.Value, client);
        // Decided on what was read: a change in between is a conflict, not overwritten.
        patch["metadata"] = new JsonObject { ["resourceVersion"] = found.Metadata.ResourceVersion };
        var options = new PatchOptions { Mode = isDry ? WriteMode.DryRun : WriteMode.Store };
        await invocation.Client.PatchAsync(
            OurKinds.Policies, key, Patch.Merge(patch) with { Options = options }, cancellationToken);
        var said = $"{client} is exempt from behaviour, and let go";
        invocation.Write(new Report(
            new JsonObject
            {
                ["kind"] = "ClientStep", ["namespace"] = key.Namespace, ["policy"] = policy, ["client"] = client,
                ["message"] = said, ["dryRun"] = isDry,
            },
            [Prefix + client],
            (output, paint) => output.WriteLine(
                $"wafpolicy/{policy}: {paint.Good(said)}{(isDry ? " (dry run: nothing was changed)" : "")}")));
        invocation.Note("note: it is judged no more until it is taken out of spec.behaviour.exemptClients; where the "
            + "policy comes from Git, write it there as well");
        return ExitCodes.Ok;
    }

    /// <summary>The patch of a policy that exempts a client. Pure.</summary>
    internal static JsonObject Exempting(WafPolicy policy, string client)
    {
        if (!IPAddress.TryParse(client, out _))
            throw new CliException($"{client} is no address: only those can be exempted",
                "a session is let go when its time ends", ExitCodes.Usage);
        if (policy.Spec.Behaviour is not { } behaviour)
            throw new CliException($"wafpolicy/{policy.Metadata.Name} judges no behaviour, and holds nobody", null,
                ExitCodes.Found);
        if (behaviour.ExemptClients.Contains(client))
            throw new CliException($"{client} is exempt already", "kubectl waf holds shows who is held",
                ExitCodes.Found);
        return new JsonObject
        {
            ["spec"] = new JsonObject
            {
                ["behaviour"] = new JsonObject
                {
                    ["exemptClients"] = Report.Array(behaviour.ExemptClients.Append(client)),
                },
            },
        };
    }
}
