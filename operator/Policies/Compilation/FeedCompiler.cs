using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using WafOperator.Policies.Feeds;
using WafOperator.Protocols.Policies;
using WafOperator.Resources.Policies;

namespace WafOperator.Policies.Compilation;

/// <summary>
/// Feeds of a policy and the ConfigMaps that they name → what sidecars are told. A feed that cannot be read is left
/// out, with a finding; the policy stays in force. Pure.
/// </summary>
internal sealed class FeedCompiler(PolicyInputs inputs, List<Finding> findings)
{
    /// <summary>Networks of all feeds of a policy; a sidecar holds each as a text and as a range.</summary>
    public const int NetworksMax = 200_000;

    private const int DigestLength = 12;

    /// <summary>A bundle whose indicators end one after the other is not compiled each time.</summary>
    private static readonly TimeSpan ChangesAfter = TimeSpan.FromMinutes(1);

    private readonly List<AccessFeedStatus> _inForce = [];

    /// <summary>Feeds in force.</summary>
    public IReadOnlyList<AccessFeedStatus> InForce => _inForce;

    /// <summary>When an indicator begins or ends to be valid next, or null.</summary>
    public DateTimeOffset? ChangesAt { get; private set; }

    /// <summary>Null where nothing is in force, so that such documents keep their revision.</summary>
    public IReadOnlyList<AccessFeed>? Compile()
    {
        if (inputs.Policy.Spec.AccessLists is not { DenyFeeds: { Count: > 0 } specs }) return null;
        var feeds = new List<AccessFeed>();
        var room = new FeedRoom(NetworksMax);
        for (var i = 0; i < specs.Count; i++)
        {
            var path = string.Create(CultureInfo.InvariantCulture, $"spec.accessLists.denyFeeds[{i}]");
            if (Find(specs[i], path) is not { } text) continue;
            var reading = new FeedReader(room, specs[i].IncludePrivate, inputs.Now).Read(text);
            Say(specs[i].Name, path, reading);
            if (reading.ChangesAt is { } at)
            {
                var due = at > inputs.Now + ChangesAfter ? at : inputs.Now + ChangesAfter;
                if (ChangesAt is null || due < ChangesAt) ChangesAt = due;
            }

            if (reading.Networks.Count == 0) continue;
            var feed = new AccessFeed { Name = specs[i].Name, Networks = string.Join(' ', reading.Networks) };
            feeds.Add(feed);
            _inForce.Add(new()
            {
                Name = feed.Name, Networks = reading.Networks.Count, NotPublic = reading.NotPublic,
                Digest = DigestOf(feed.Networks),
            });
        }

        return feeds.Count > 0 ? feeds : null;
    }

    private static string DigestOf(string networks) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(networks)))[..DigestLength];

    private string? Find(AccessFeedSpec spec, string path)
    {
        if (!inputs.RuleFiles.TryGetValue(spec.ConfigMap, out var files))
        {
            findings.Add(new(FindingSeverity.Warning, FindingKind.FeedNotFound, $"{path}.configMap",
                $"there is no ConfigMap {spec.ConfigMap} with the label wafoperator.dev/rules: \"true\""));
            return null;
        }

        if (files.TryGetValue(spec.Key, out var text)) return text;
        findings.Add(new(FindingSeverity.Warning, FindingKind.FeedNotFound, $"{path}.key",
            $"the ConfigMap {spec.ConfigMap} has no key {spec.Key}"));
        return null;
    }

    private void Say(string name, string path, FeedReading reading)
    {
        var left = new List<string>();
        if (reading.Problem is { } problem) left.Add(problem);
        if (reading.Unreadable > 0)
        {
            left.Add(Count(
                $"{reading.Unreadable} entries are no addresses, the first is \"{reading.FirstUnreadable}\""));
        }

        if (reading.TooWide > 0) left.Add(Count($"{reading.TooWide} networks are wider than any that is taken"));
        if (reading.Cut > 0)
        {
            left.Add(Count($"{reading.Cut} networks are beyond the {NetworksMax}, or the eighth of all addresses, ")
                + "that a policy takes");
        }

        if (left.Count == 0) return;
        findings.Add(new(FindingSeverity.Warning, FindingKind.FeedInvalid, path,
            Count($"{name} has {reading.Networks.Count} networks in force; left out: {string.Join("; ", left)}")));
    }

    private static string Count(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
