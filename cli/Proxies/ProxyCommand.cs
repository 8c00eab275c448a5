using System.CommandLine;
using System.Text.Json;
using WafOperator.Cli.Cluster;
using WafOperator.Cli.Events;
using WafOperator.Cli.Running;
using WafOperator.Kubernetes;
using WafOperator.Kubernetes.Client;
using WafOperator.Protocols;
using WafOperator.Protocols.Status;
using WafOperator.Resources.Policies;

namespace WafOperator.Cli.Proxies;

/// <summary><c>proxy-status</c>: what each sidecar was sent, and what it says that it runs.</summary>
internal static class ProxyCommand
{
    private const int AdminPort = 16520;
    private const int StatusBytesMax = 4 << 20;
    private const int AtOnce = 8;

    public static Command Build(CliEnvironment environment)
    {
        var name = new Argument<string?>("pod")
        {
            Description = "One pod; default: all with a sidecar.", Arity = ArgumentArity.ZeroOrOne,
        };
        var port = new Option<int>("--admin-port")
        {
            Description = "The sidecars' admin port (chart: injection.adminPort).", HelpName = "PORT",
            DefaultValueFactory = _ => AdminPort,
        };
        var command = new Command("proxy-status",
            "Revision sent and acknowledged, models and counters of each sidecar.")
        {
            name, port,
        };
        command.Runs(environment, async (invocation, cancellationToken) =>
        {
            var logs = new SidecarLogs(invocation.Client, invocation.Note);
            var pods = await logs.PodsAsync(invocation.Scope, cancellationToken);
            if (invocation.Parsed.GetValue(name) is { } wanted)
                pods = [.. pods.Where(pod => pod.Metadata.Name == wanted)];
            if (pods.Count == 0) throw EventsCommand.NoPods();
            var policies = await invocation.Client.ListAsync(OurKinds.Policies, invocation.Scope, cancellationToken);
            var views = await AskAsync(
                invocation, pods, [.. policies.Items.Select(item => item.Value)], cancellationToken);
            invocation.Write(ProxyReport.Of(views, invocation.Now));
            return views.All(view => view.State == "InSync") ? ExitCodes.Ok : ExitCodes.Found;
        });
        return command;

        async Task<IReadOnlyList<ProxyView>> AskAsync(
            Invocation invocation, IReadOnlyList<PodFacts> pods, IReadOnlyList<WafPolicy> policies,
            CancellationToken cancellationToken)
        {
            var views = new ProxyView[pods.Count];
            var asked = 0;
            await Parallel.ForAsync(
                0, pods.Count, new ParallelOptions { MaxDegreeOfParallelism = AtOnce,
                    CancellationToken = cancellationToken },
                async (i, stop) =>
                {
                    var policy = policies.FirstOrDefault(candidate =>
                        candidate.Metadata.Name == pods[i].InjectedPolicy
                        && candidate.Metadata.Namespace == pods[i].Metadata.Namespace);
                    var (status, problem) =
                        await StatusAsync(invocation.Client, pods[i], invocation.Parsed.GetValue(port), stop);
                    views[i] = new ProxyView(pods[i], policy, status, problem);
                    invocation.Progress.Show($"{Interlocked.Increment(ref asked)} of {pods.Count} sidecars answered");
                });
            return views;
        }
    }

    private static async Task<(SidecarStatus? Status, string? Problem)> StatusAsync(
        KubernetesClient client, PodFacts pod, int port, CancellationToken cancellationToken)
    {
        try
        {
            var (code, body) = await client.GetFromPodAsync(pod.Key, port, "/status", StatusBytesMax,
                cancellationToken);
            return code == 200 ? (JsonSerializer.Deserialize(body, ProtocolJson.Default.SidecarStatus), null)
                : (null, $"its status page answered {code}");
        }
        catch (KubernetesException refusal)
        {
            return (null, refusal.Message);
        }
        catch (JsonException failure)
        {
            return (null, $"its status cannot be read: {failure.Message}");
        }
    }
}
