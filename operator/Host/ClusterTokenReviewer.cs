using WafOperator.Distribution.Callers;
using WafOperator.Kubernetes.Client;

namespace WafOperator.Operator.Host;

/// <summary>Asks the API server about sidecars' tokens.</summary>
internal sealed class ClusterTokenReviewer(KubernetesClient client) : ITokenReviewer
{
    /// <summary>Audience of the tokens that are projected into sidecars.</summary>
    public const string Audience = "waf-operator";

    public async Task<TokenReviewResult> ReviewAsync(string token, CancellationToken cancellationToken)
    {
        var identity = await client.ReviewTokenAsync(token, [Audience], cancellationToken);
        return identity is null
            ? new TokenReviewResult(false, null, $"not valid for the audience {Audience}, or expired")
            : new TokenReviewResult(
                true, identity.Username, null,
                identity.Pod is { } pod ? new CallerPod(pod.Name, pod.Uid) : null);
    }
}
