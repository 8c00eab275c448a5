using WafOperator.Resources.Pools;
using WafOperator.Resources.Validation;

namespace WafOperator.Webhooks.Validation;

/// <summary>
/// What authors of InferencePools may ask for: a pool's pods are made by the operator, so that whoever may create pools
/// but no pods would otherwise run any image, on any node, at any priority (pure, immutable).
/// </summary>
public sealed record PoolBounds
{
    /// <summary>Beginnings of image names, up to a slash, colon or at sign; <c>*</c>: any.</summary>
    public IReadOnlyList<string> Images { get; init; } = [];

    /// <summary>Priority classes; <c>*</c>: any.</summary>
    public IReadOnlyList<string> PriorityClasses { get; init; } = [];

    /// <summary>Keys of taints, besides those named like an accelerator; <c>*</c>: any.</summary>
    public IReadOnlyList<string> Taints { get; init; } = [];

    /// <summary>The fields that ask for more.</summary>
    public IEnumerable<FieldError> Errors(InferencePoolSpec spec)
    {
        for (var i = 0; i < spec.Ladder.Count; i++)
        {
            var rung = spec.Ladder[i];
            if (rung.Image is { Length: > 0 } image && !Images.Any(allowed => Begins(image, allowed)))
                yield return Error($"spec.ladder[{i}].image", $"the image {image}", "pools.allowedImages");
            if (rung.Resource.Length > 0 && !IsExtendedResource(rung.Resource))
                yield return new($"spec.ladder[{i}].resource", FieldErrorReason.Invalid,
                    $"\"{rung.Resource}\" is not an extended resource such as nvidia.com/gpu");
        }

        if (spec.Placement is not { } placement) yield break;
        if (placement.PriorityClassName is { Length: > 0 } priority && !IsIn(priority, PriorityClasses))
            yield return Error(
                "spec.placement.priorityClassName", $"the priority class {priority}", "pools.allowedPriorityClasses");
        for (var i = 0; i < placement.TolerateTaints.Count; i++)
        {
            var taint = placement.TolerateTaints[i];
            if (!IsIn(taint, Taints) && spec.Ladder.All(rung => rung.Resource != taint))
                yield return Error(
                    $"spec.placement.tolerateTaints[{i}]", $"tolerating the taint {taint}", "pools.allowedTaints");
        }
    }

    /// <summary>Kubernetes keeps its own domain for itself: taints of control planes are named in it.</summary>
    private static bool IsExtendedResource(string name) =>
        name.Split('/') is [{ Length: > 0 } domain, { Length: > 0 }]
        && domain != "kubernetes.io" && !domain.EndsWith(".kubernetes.io", StringComparison.Ordinal);

    private static bool Begins(string image, string allowed)
    {
        if (allowed == "*") return true;
        var prefix = allowed.TrimEnd('/');
        return image.StartsWith(prefix, StringComparison.Ordinal)
            && (image.Length == prefix.Length || image[prefix.Length] is '/' or ':' or '@');
    }

    private static bool IsIn(string name, IReadOnlyList<string> allowed) =>
        allowed.Contains("*") || allowed.Contains(name);

    private static FieldError Error(string path, string what, string setting) =>
        new(path, FieldErrorReason.Invalid, $"{what} is not one that this installation allows (chart: {setting})");
}
