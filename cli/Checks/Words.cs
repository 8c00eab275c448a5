using WafOperator.Resources;

namespace WafOperator.Cli.Checks;

/// <summary>Names of objects and conditions in findings.</summary>
internal static class Words
{
    /// <summary>As kubectl takes it: <c>wafpolicy/shop -n web</c>.</summary>
    public static string Name(string kind, string? ns, string? name) =>
        string.IsNullOrEmpty(ns) ? $"{kind}/{name}" : $"{kind}/{name} -n {ns}";

    public static string Name(string kind, ObjectMeta metadata) => Name(kind, metadata.Namespace, metadata.Name);

    /// <summary>A condition by its type, or null.</summary>
    public static Condition? Find(this IReadOnlyList<Condition>? conditions, string type) =>
        conditions?.FirstOrDefault(condition => condition.Type == type);

    /// <summary>The condition's message without the point at its end.</summary>
    public static string Said(this Condition condition) => condition.Message.TrimEnd('.', ' ');

    /// <summary>The first few of many.</summary>
    public static string Few(IEnumerable<string> names, int count = 3)
    {
        var all = names.ToList();
        return string.Join(", ", all.Take(count)) + (all.Count > count ? $" and {all.Count - count} more" : "");
    }
}
