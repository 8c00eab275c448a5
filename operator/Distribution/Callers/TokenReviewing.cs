namespace WafOperator.Distribution.Callers;

/// <summary>What the API server says of a token.</summary>
/// <param name="IsAuthenticated">The token is valid for the audience.</param>
/// <param name="Username">Such as <c>system:serviceaccount:shop:default</c>.</param>
/// <param name="Error">The server's words when it is not.</param>
/// <param name="Pod">The pod that the token is bound to, or null for a token of no pod.</param>
public sealed record TokenReviewResult(bool IsAuthenticated, string? Username, string? Error, CallerPod? Pod = null);

/// <summary>Asks the API server about a token (TokenReview with our own audience).</summary>
public interface ITokenReviewer
{
    Task<TokenReviewResult> ReviewAsync(string token, CancellationToken cancellationToken);
}

/// <summary>Who calls.</summary>
/// <param name="Namespace">Namespace of the service account: the only one the caller may read.</param>
/// <param name="ServiceAccount">Its name.</param>
/// <param name="Pod">The pod whose token it is; null for a token that is bound to none.</param>
public sealed record Caller(string Namespace, string ServiceAccount, CallerPod? Pod = null);

/// <summary>A pod as the API server put it into a token.</summary>
public sealed record CallerPod(string Name, string Uid);
