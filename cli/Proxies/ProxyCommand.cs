using System.CommandLine;
using System.Text.Json;
using WafOperator.Cli.Cluster;
using WafOperator.Cli.Events;
using WafOperator.Cli.Running;
using WafOperator.Protocols;
using WafOperator.Protocols.Status;
using WafOperator.Resources.Policies;

namespace WafOperator.Cli.Proxies;

/// <summary><c>proxy-status</c>: what each sidecar was sent, and what it says that it runs.</summary>
internal static class ProxyCommand
{
    public static Command Build(CliEnvironment environment)
    {
        var name = new Argument<string?>("pod")
        {
            Description = "One pod; default: all with a sidecar.", Arity = ArgumentArity.ZeroOrOne,
        };
        var port = PortOption();
        var command = new Command("proxy-status",
            "Revision sent and acknowledged, models and counters of each sidecar.")
        {
            name, port,
        };
        command.Runs(environment, async (invocation, cancellationToken) =>
        {
            var logs = new SidecarLogs(invocation.Client, invocation.Note);
            invocation.Progress.Show("looking for pods with a sidecar");
            var pods = await logs.PodsAsync(invocation.Scope, cancellationToken);
            if (invocation.Parsed.GetValue(name) is { } wanted)
                pods = [.. pods.Where(pod => pod.Metadata.Name == wanted)];
            if (pods.Count == 0) throw EventsCommand.NoPods();
            var policies = await invocation.Client.ListAsync(OurKinds.Policies, invocation.Scope, cancellationToken);
            var answers = await SidecarPages.AskAsync(
                invocation, pods, invocation.Parsed.GetValue(port), "/status", cancellationToken);
            List<ProxyView> views =
                [.. pods.Zip(answers, (pod, answer) => View(pod, answer, [.. policies.Items.Select(i => i.Value)]))];
            invocation.Write(ProxyReport.Of(views, invocation.Now));
            return views.All(view => view.State == "InSync") ? ExitCodes.Ok : ExitCodes.Found;
        });
        return command;
    }

    /// <summary>The option <c>--admin-port</c>.</summary>
    public static Option<int> PortOption() => new("--admin-port")
    {
        Description = "The sidecars' admin port (chart: injection.adminPort).", HelpName = "PORT",
        DefaultValueFactory = _ => SidecarPages.AdminPort,
    };

    private static ProxyView View(PodFacts pod, SidecarAnswer answer, IReadOnlyList<WafPolicy> policies)
    {
        var policy = policies.FirstOrDefault(candidate => candidate.Metadata.Name == pod.InjectedPolicy
            && candidate.Metadata.Namespace == pod.Metadata.Namespace);
        var (status, problem) = answer.Problem is null ? Read(answer.Body) : (null, answer.Problem);
        return new ProxyView(pod, policy, status, problem);
    }

    /// <summary>A status page; whoever runs the pod may answer what he likes.</summary>
    internal static (SidecarStatus? Status, string? Problem) Read(ReadOnlySpan<byte> page)
    {
        try
        {
            var status = JsonSerializer.Deserialize(page, ProtocolJson.Default.SidecarStatus);
            return status is not null && status.Models.All(model => model is { Model: not null, State: not null })
                ? (status, null) : (null, "its status lacks a part");
        }
        catch (JsonException failure)
        {
            return (null, $"its status cannot be read: {failure.Message}");
        }
    }
}
