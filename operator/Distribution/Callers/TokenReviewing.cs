namespace WafOperator.Distribution.Callers;

/// <summary>What the API server says of a token.</summary>
/// <param name="IsAuthenticated">The token is valid for the audience.</param>
/// <param name="Username">Such as <c>system:serviceaccount:shop:default</c>.</param>
/// <param name="Error">The server's words when it is not.</param>
public sealed record TokenReviewResult(bool IsAuthenticated, string? Username, string? Error);

/// <summary>Asks the API server about a token (TokenReview with our own audience).</summary>
public interface ITokenReviewer
{
    Task<TokenReviewResult> ReviewAsync(string token, CancellationToken cancellationToken);
}

/// <summary>Who calls.</summary>
/// <param name="Namespace">Namespace of the service account: the only one the caller may read.</param>
/// <param name="ServiceAccount">Its name.</param>
public sealed record Caller(string Namespace, string ServiceAccount);
