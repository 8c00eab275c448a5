using WafOperator.Kubernetes.Objects;
using WafOperator.Protocols.Policies;

namespace WafOperator.Controllers.Policies;

/// <summary>
/// Room for the rule texts of a namespace's policies: each policy carries its own copy of the ConfigMaps that it names,
/// so that small policies which name the same large ConfigMaps would fill the operator. Thread-safe.
/// </summary>
/// <param name="charactersMax">Most characters of one namespace.</param>
internal sealed class RuleRoom(long charactersMax = RuleRoom.CharactersMaxDefault)
{
    /// <summary>Eight policies of the largest size, or as many with the whole Core Rule Set.</summary>
    public const long CharactersMaxDefault = 16L << 20;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Dictionary<string, long>> _namespaces = new(StringComparer.Ordinal);

    /// <summary>
    /// Takes what a policy needs now, in place of what it had; false, and nothing changes, where there is no room.
    /// </summary>
    public bool TryTake(NamespacedName policy, long characters)
    {
        lock (_lock)
        {
            if (!_namespaces.TryGetValue(policy.Namespace, out var own))
                _namespaces[policy.Namespace] = own = new(StringComparer.Ordinal);
            var others = own.Where(other => other.Key != policy.Name).Sum(other => other.Value);
            if (characters > 0 && others + characters > charactersMax) return false;
            own[policy.Name] = characters;
            return true;
        }
    }

    /// <summary>The policy is gone.</summary>
    public void Forget(NamespacedName policy)
    {
        lock (_lock)
        {
            if (_namespaces.TryGetValue(policy.Namespace, out var own) && own.Remove(policy.Name) && own.Count == 0)
                _namespaces.Remove(policy.Namespace);
        }
    }

    /// <summary>Characters of a document's texts of rules and data, of documents of APIs and of feeds.</summary>
    public static long CharactersOf(PolicyDocument document) =>
        (document.ApiSchemas ?? []).Sum(schema => (long)schema.Document.Length)
            + (document.AccessLists.DenyFeeds ?? []).Sum(feed => (long)feed.Networks.Length)
            + (document.Rules is not { } rules ? 0 : rules.Sources.Sum(source => (long)(source.Text?.Length ?? 0))
                + rules.Files.Sum(file => (long)file.Text.Length));

    /// <summary>The document without these texts, for whoever keeps it beside the one that is served.</summary>
    public static PolicyDocument WithoutTexts(PolicyDocument document) => document with
    {
        ApiSchemas = null,
        AccessLists = document.AccessLists with { DenyFeeds = null },
        Rules = document.Rules is { } rules ? rules with { Sources = [], Files = [] } : null,
    };
}
