using WafOperator.Kubernetes;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;

namespace WafOperator.Console.Access;

/// <summary>
/// Tokens and rights as the cluster's API server sees them: TokenReview, then SubjectAccessReview on our own kinds and
/// on
/// subresources that only exist for this. The console's own rights play no part in what a user sees.
/// </summary>
public sealed class ClusterAccess(KubernetesClient client) : ITokenSource, IAccessRules
{
    /// <summary>Audience of tokens that are made for the console; those for the API server itself are taken as
    /// well.</summary>
    public const string Audience = "waf-console";

    private static readonly ResourceType Policies = ClusterObjects.Policies;
    private static readonly ResourceType Exclusions = ClusterObjects.Exclusions;
    private static readonly ResourceType Models = ClusterObjects.Models;

    public async Task<SignInResult?> ReadAsync(string token, CancellationToken cancellationToken)
    {
        try
        {
            var identity = await client.ReviewTokenAsync(token, [Audience], cancellationToken)
                ?? await client.ReviewTokenAsync(token, [], cancellationToken);
            return identity is { Username.Length: > 0 }
                ? SignInResult.Of(new Viewer(identity.Username, identity.Groups))
                : SignInResult.Refused(401, "the token is not valid, or has expired");
        }
        catch (KubernetesException failure)
        {
            throw new AccessUnavailableException("the API server cannot be asked about the token at present", failure);
        }
    }

    public async Task<bool> MayAsync(Viewer viewer, ConsoleRight right, string? ns, CancellationToken cancellationToken)
    {
        (ApiVerb verb, ResourceType type, string? subresource) = right switch
        {
            ConsoleRight.SeeEvents => (ApiVerb.Get, Policies, "events"),
            ConsoleRight.LabelEvents => (ApiVerb.Update, Policies, "events"),
            ConsoleRight.Analyze => (ApiVerb.Create, Policies, "analyze"),
            ConsoleRight.SeePolicies => (ApiVerb.List, Policies, null),
            ConsoleRight.SeeExclusions => (ApiVerb.List, Exclusions, null),
            ConsoleRight.SeeModels => (ApiVerb.List, Models, null),
            ConsoleRight.EditAlerts => (ApiVerb.Update, Policies, "alerts"),
            ConsoleRight.SeeAudit => (ApiVerb.Get, Policies, "audit"),
            _ => throw new ArgumentOutOfRangeException(nameof(right), right, "is no right"),
        };
        try
        {
            return await client.MayAsync(
                new TokenIdentity(viewer.Name, "", viewer.Groups, []), verb, type, new NamespacedName(ns ?? "", ""),
                cancellationToken, subresource);
        }
        catch (KubernetesException failure)
        {
            throw new AccessUnavailableException("the API server cannot be asked about rights at present", failure);
        }
    }
}

/// <summary>One token of a file that may do everything, for an installation without a cluster.</summary>
public sealed class StandaloneAccess(string token) : ITokenSource, IAccessRules
{
    private const int LengthMin = 16;

    private readonly byte[] _token = token.Length >= LengthMin
        ? System.Text.Encoding.UTF8.GetBytes(token)
        : throw new FormatException($"the console's token has {LengthMin} characters or more");

    public Task<SignInResult?> ReadAsync(string token, CancellationToken cancellationToken) =>
        Task.FromResult<SignInResult?>(
            System.Security.Cryptography.CryptographicOperations.FixedTimeEquals(
                _token, System.Text.Encoding.UTF8.GetBytes(token))
                ? SignInResult.Of(new Viewer("operator", []))
                : SignInResult.Refused(401, "the token is not the one of --token-file"));

    public Task<bool> MayAsync(Viewer viewer, ConsoleRight right, string? ns, CancellationToken cancellationToken) =>
        Task.FromResult(true);
}
