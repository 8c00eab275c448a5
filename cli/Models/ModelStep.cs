using System.Text.Json.Nodes;
using WafOperator.Cli.Checks;
using WafOperator.Cli.Running;
using WafOperator.Resources;
using WafOperator.Resources.Models;

namespace WafOperator.Cli.Models;

/// <summary>What a person can do to a rollout, as a patch of the object, or why it means nothing now. Pure.</summary>
internal static class ModelStep
{
    private const string ApproveAnnotation = ApiGroup.Name + "/approve-step";

    /// <summary>Approves the step that waits, or a step by its number (ahead of time).</summary>
    public static (JsonObject Patch, string Said) Approve(ModelVersion version, int? step)
    {
        Moving(version, "approved");
        var waiting = ModelChecks.StepToApprove(version);
        if (step is null && waiting is null)
        {
            throw new CliException(
                $"modelversion/{version.Metadata.Name} waits for nobody: {version.Status?.Phase}, "
                    + version.Status?.Message, "name a step with --step to approve it ahead of time", ExitCodes.Found);
        }

        var number = step ?? waiting!.Value;
        var steps = version.Spec.Rollout?.Steps.Count ?? 1;
        if (number < 1 || number > Math.Max(steps, 1))
            throw new CliException($"--step {number}: its rollout has the steps 1 to {steps}", null, ExitCodes.Usage);
        return (Annotation(number), $"step {number} is approved");
    }

    /// <summary>Ends a rollout, or takes a promoted version back to the one before.</summary>
    public static (JsonObject Patch, string Said) RollBack(ModelVersion version)
    {
        if (version.Status?.Phase is ModelPhase.RolledBack or ModelPhase.Superseded or ModelPhase.Failed)
            throw new CliException(
                $"modelversion/{version.Metadata.Name} is at its end: {version.Status.Phase}", null, ExitCodes.Found);
        if (version.Spec.Abort)
            throw new CliException($"modelversion/{version.Metadata.Name} is being rolled back already", null,
                ExitCodes.Found);
        return (Spec("abort", true), version.Status?.Phase is ModelPhase.Promoted
            ? $"{version.Spec.Model} returns to the version before {version.Spec.Version}; this digest is refused "
                + "from now on"
            : "the rollout ends; this digest is refused from now on");
    }

    /// <summary>Lets a held rollout go on.</summary>
    public static (JsonObject Patch, string Said) Release(ModelVersion version) => !version.Spec.Suspend
        ? throw new CliException($"modelversion/{version.Metadata.Name} is not held", null, ExitCodes.Found)
        : (Spec("suspend", false), "the rollout goes on");

    /// <summary>Holds a rollout where it is; one that fails is still rolled back.</summary>
    public static (JsonObject Patch, string Said) Hold(ModelVersion version)
    {
        Moving(version, "held");
        return version.Spec.Suspend
            ? throw new CliException($"modelversion/{version.Metadata.Name} is held already", null, ExitCodes.Found)
            : (Spec("suspend", true), $"the rollout is held in {version.Status?.Phase.ToString() ?? "Pending"}");
    }

    private static void Moving(ModelVersion version, string what)
    {
        if (version.Status?.Phase is ModelPhase.Promoted or ModelPhase.RolledBack or ModelPhase.Superseded
            or ModelPhase.Failed)
            throw new CliException(
                $"modelversion/{version.Metadata.Name} is {version.Status.Phase}: there is nothing to be {what}", null,
                ExitCodes.Found);
    }

    private static JsonObject Spec(string field, bool value) => new() { ["spec"] = new JsonObject { [field] = value } };

    private static JsonObject Annotation(int step) => new()
    {
        ["metadata"] = new JsonObject
        {
            ["annotations"] = new JsonObject
            {
                [ApproveAnnotation] = step.ToString(System.Globalization.CultureInfo.InvariantCulture),
            },
        },
    };
}
