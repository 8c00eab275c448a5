using System.CommandLine;
using WafOperator.Cli.Cluster;
using WafOperator.Cli.Running;
using WafOperator.Kubernetes.Client;

namespace WafOperator.Cli.Status;

/// <summary><c>status</c>: where everything stands, on one screen.</summary>
internal static class StatusCommand
{
    public static Command Build(CliEnvironment environment)
    {
        var command = new Command(
            "status", "Policies with their coverage, models, exclusions and pools; all namespaces unless -n is given.");
        command.Runs(environment, async (invocation, cancellationToken) =>
        {
            var view = await ReadAsync(invocation, invocation.Wide, cancellationToken);
            invocation.Write(StatusReport.Of(view));
            return StatusReport.IsWell(view) ? ExitCodes.Ok : ExitCodes.Found;
        });
        return command;
    }

    private static async Task<StatusView> ReadAsync(
        Invocation invocation, ListOptions scope, CancellationToken cancellationToken)
    {
        var client = invocation.Client;
        invocation.Progress.Show("reading policies, models, exclusions and pools");
        var policies = await client.ListAsync(OurKinds.Policies, scope, cancellationToken);
        var models = await client.ListAsync(OurKinds.Models, scope, cancellationToken);
        var exclusions = await client.ListAsync(OurKinds.Exclusions, scope, cancellationToken);
        var pools = await client.ListAsync(OurKinds.Pools, scope, cancellationToken);
        return new StatusView
        {
            Now = invocation.Now,
            Policies = [.. policies.Items.Select(item => item.Value)],
            Models = [.. models.Items.Select(item => item.Value)],
            Exclusions = [.. exclusions.Items.Select(item => item.Value)],
            Pools = [.. pools.Items.Select(item => item.Value)],
            Unreadable =
            [
                .. policies.Unreadable.Concat(models.Unreadable).Concat(exclusions.Unreadable).Concat(pools.Unreadable)
                    .Select(item => $"{item.Metadata.Key}: {item.Problem}"),
            ],
        };
    }
}
