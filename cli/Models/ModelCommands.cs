using System.CommandLine;
using System.Text.Json.Nodes;
using WafOperator.Cli.Cluster;
using WafOperator.Cli.Output;
using WafOperator.Cli.Proxies;
using WafOperator.Cli.Running;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;
using WafOperator.Resources.Models;

namespace WafOperator.Cli.Models;

/// <summary><c>approve</c>, <c>rollback</c>, <c>hold</c> and <c>release</c>: what people do to rollouts.</summary>
internal static class ModelCommands
{
    private const string Prefix = "modelversion/";

    public static IEnumerable<Command> Build(CliEnvironment environment)
    {
        var step = new Option<int?>("--step")
        {
            Description = "Step to approve, from 1 (default: the one that waits).", HelpName = "N",
        };
        var approve = BuildOne(
            environment, "approve", "Let a rollout go on that waits for a person: a manual step, or a first version.",
            (version, parsed) => ModelStep.Approve(version, parsed.GetValue(step)));
        approve.Add(step);
        yield return approve;
        yield return BuildOne(
            environment, "rollback", "End a rollout, or return from a promoted version to the one before it.",
            (version, _) => ModelStep.RollBack(version));
        yield return BuildOne(
            environment, "hold", "Hold a rollout where it is; one that fails is still rolled back.",
            (version, _) => ModelStep.Hold(version));
        yield return BuildRelease(environment);
    }

    /// <summary><c>release</c> is about clients as well, where the name says so.</summary>
    private static Command BuildRelease(CliEnvironment environment)
    {
        var policy = new Option<string?>("--policy")
        {
            Description = "With client/ADDRESS: the policy by which it is held.", HelpName = "NAME",
        };
        var command = BuildOne(
            environment, "release",
            "Let a rollout go on that is held; or, with client/ADDRESS, let a held client go.",
            (version, _) => ModelStep.Release(version),
            (invocation, name, isDry, cancellationToken) =>
                !name.StartsWith(HoldsCommand.Prefix, StringComparison.Ordinal) ? null : HoldsCommand.ReleaseAsync(
                    invocation, name[HoldsCommand.Prefix.Length..], invocation.Parsed.GetValue(policy), isDry,
                    cancellationToken));
        command.Add(policy);
        return command;
    }

    private static Command BuildOne(
        CliEnvironment environment, string name, string description,
        Func<ModelVersion, ParseResult, (JsonObject Patch, string Said)> decide,
        Func<Invocation, string, bool, CancellationToken, Task<int>?>? instead = null)
    {
        var target = new Argument<string>("modelversion") { Description = "Name of the ModelVersion." };
        var dryRun = new Option<bool>("--dry-run") { Description = "Say what would be done; the server checks it." };
        var command = new Command(name, description) { target, dryRun };
        command.Runs(environment, async (invocation, cancellationToken) =>
        {
            var text = invocation.Parsed.GetRequiredValue(target);
            var key = new NamespacedName(
                invocation.Namespace, text.StartsWith(Prefix, StringComparison.Ordinal) ? text[Prefix.Length..] : text);
            var isDry = invocation.Parsed.GetValue(dryRun);
            if (instead?.Invoke(invocation, text, isDry, cancellationToken) is { } other) return await other;
            var version = await invocation.Client.GetAsync(OurKinds.Models, key, cancellationToken);
            var (patch, said) = decide(version.Value, invocation.Parsed);
            var options = new PatchOptions { Mode = isDry ? WriteMode.DryRun : WriteMode.Store };
            // Decided on what was read: a change in between is a conflict, not overwritten.
            if (patch["metadata"] is not JsonObject metadata) patch["metadata"] = metadata = new JsonObject();
            metadata["resourceVersion"] = version.Metadata.ResourceVersion;
            await invocation.Client.PatchAsync(
                OurKinds.Models, key, Patch.Merge(patch) with { Options = options }, cancellationToken);
            invocation.Write(ReportOf(key, said, isDry));
            return ExitCodes.Ok;
        });
        return command;
    }

    private static Report ReportOf(NamespacedName key, string said, bool isDry) => new(
        new JsonObject
        {
            ["kind"] = "ModelStep", ["namespace"] = key.Namespace, ["name"] = key.Name, ["message"] = said,
            ["dryRun"] = isDry,
        },
        [Prefix + key.Name],
        (output, paint) => output.WriteLine(
            $"{Prefix}{key.Name}: {paint.Good(said)}{(isDry ? " (dry run: nothing was changed)" : "")}"));
}
