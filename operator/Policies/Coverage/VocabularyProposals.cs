using System.Text.RegularExpressions;
using WafOperator.Policies.Rules;
using WafOperator.Protocols.Status;
using WafOperator.Resources.Policies;

namespace WafOperator.Policies.Coverage;

/// <summary>
/// What sidecars in mode Detect saw that the policy's lists lack → what a person may want to add. Nothing is added by
/// itself, and nothing is proposed that few clients sent. Pure; words come from pods and are checked again.
/// </summary>
public static partial class VocabularyProposals
{
    /// <summary>Proposals that are kept, those of most clients first.</summary>
    public const int ProposalsMax = 32;

    /// <summary>Methods that no application needs and that tell or change what they should not.</summary>
    private static readonly HashSet<string> NeverMethods =
        new(StringComparer.Ordinal) { "TRACE", "TRACK", "CONNECT", "DEBUG" };

    /// <summary>Beginnings of charsets in which an attack has other bytes than rules look for.</summary>
    private static readonly string[] NeverCharsets =
    [
        "utf-7", "utf7", "utf-16", "utf16", "utf-32", "utf32", "ucs", "unicode", "ibm", "cp037", "cp500", "cp875",
        "cp1026", "ebcdic", "hz", "iso-2022", "csiso2022", "scsu", "bocu", "x-",
    ];

    /// <summary>The proposals, without what the policy allows already.</summary>
    /// <param name="spec">The policy's rules.</param>
    /// <param name="sidecars">What each sidecar of the policy saw.</param>
    public static IReadOnlyList<VocabularyProposal> Of(
        RulesSpec spec, IReadOnlyCollection<IReadOnlyList<SeenValue>> sidecars) =>
    [
        .. SeenTogether.Of(sidecars, value => IsSound(value.Kind, value.Value))
            .Select(seen => new VocabularyProposal
            {
                Field = FieldOf(seen.Kind), Value = seen.Value, Clients = seen.Clients, Requests = seen.Requests,
            })
            .Where(found => !IsAllowed(spec, found))
            .Take(ProposalsMax),
    ];

    private static bool IsSound(SeenKind kind, string value) => kind switch
    {
        SeenKind.Method => Method().IsMatch(value) && !NeverMethods.Contains(value),
        SeenKind.ContentType => MediaType().IsMatch(value),
        SeenKind.Charset => Charset().IsMatch(value)
            && !NeverCharsets.Any(start => value.StartsWith(start, StringComparison.Ordinal)),
        _ => false,
    };

    private static string FieldOf(SeenKind kind) => kind switch
    {
        SeenKind.Method => "rules.allowedMethods",
        SeenKind.ContentType => "rules.allowedContentTypes",
        _ => "rules.allowedCharsets",
    };

    private static bool IsAllowed(RulesSpec spec, VocabularyProposal found) => found.Field switch
    {
        "rules.allowedMethods" => RequestVocabulary.MethodsOf(spec).Split(' ').Contains(found.Value),
        "rules.allowedContentTypes" => RequestVocabulary.ContentTypesOf(spec).Split(' ').Contains($"|{found.Value}|"),
        _ => RequestVocabulary.CharsetsOf(spec).Split('|').Contains(found.Value),
    };

    [GeneratedRegex(@"^[A-Z]{1,32}\z")]
    private static partial Regex Method();

    [GeneratedRegex(@"^(?=.{3,128}\z)[a-z0-9.+-]+/[a-z0-9.+-]+\z")]
    private static partial Regex MediaType();

    [GeneratedRegex(@"^[a-z0-9_.:-]{1,40}\z")]
    private static partial Regex Charset();
}
