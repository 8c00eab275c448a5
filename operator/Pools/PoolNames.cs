using System.Globalization;
using System.Text.RegularExpressions;
using WafOperator.Kubernetes.Objects;
using WafOperator.Resources;
using ObjectMeta = WafOperator.Kubernetes.Objects.ObjectMeta;

namespace WafOperator.Pools;

/// <summary>Names and labels of what belongs to a pool.</summary>
public static partial class PoolNames
{
    /// <summary>Label with the pool's name on everything that it owns.</summary>
    public const string PoolLabel = ApiGroup.Name + "/pool";

    /// <summary>Label with the number of the rung on its pods.</summary>
    public const string RungLabel = ApiGroup.Name + "/rung";

    /// <summary>Value of <see cref="RungLabel"/> in the Service's selector while no rung receives requests.</summary>
    public const string NoRung = "none";

    public const string ManagedByLabel = "app.kubernetes.io/managed-by";
    public const string ManagedBy = "waf-operator";

    /// <summary>The Service takes the pool's name, and Deployments a suffix, so that much is left for it.</summary>
    private const int NameLengthMax = 50;

    /// <summary>Why a pool cannot have its name, or null.</summary>
    public static string? Refusal(string name) => name.Length <= NameLengthMax && ServiceName().IsMatch(name)
        ? null
        : $"the name must be a Service's: lower-case letters, digits and -, a letter first, at most {NameLengthMax}";

    public static NamespacedName Deployment(NamespacedName pool, int rung) =>
        new(pool.Namespace, $"{pool.Name}-rung-{Text(rung)}");

    public static string Text(int rung) => rung.ToString(CultureInfo.InvariantCulture);

    /// <summary>Label selector of all pods of a pool.</summary>
    public static string Selector(string pool) => $"{PoolLabel}={pool}";

    /// <summary>The pool that an object's labels name, or null.</summary>
    public static NamespacedName? PoolOf(ObjectMeta metadata) =>
        metadata.Labels.TryGetValue(PoolLabel, out var pool) ? new(metadata.Namespace ?? "", pool) : null;

    /// <summary>The rung that an object's labels name, or null.</summary>
    public static int? RungOf(ObjectMeta metadata) =>
        metadata.Labels.TryGetValue(RungLabel, out var text)
        && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var rung) ? rung : null;

    [GeneratedRegex("^[a-z]([-a-z0-9]*[a-z0-9])?$")]
    private static partial Regex ServiceName();
}
