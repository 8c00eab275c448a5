namespace WafOperator.Kubernetes.Client;

/// <summary>Who a token belongs to, as the API server says.</summary>
/// <param name="Username">Such as <c>system:serviceaccount:NAMESPACE:NAME</c>.</param>
/// <param name="Uid">The user's uid, may be empty.</param>
/// <param name="Groups">The user's groups.</param>
/// <param name="Audiences">Those of the asked-for audiences that the token is for.</param>
public sealed record TokenIdentity(
    string Username, string Uid, IReadOnlyList<string> Groups, IReadOnlyList<string> Audiences)
{
    /// <summary>
    /// Name and uid of the pod that the token is bound to, as the API server attests them; null for a token of no pod.
    /// </summary>
    public (string Name, string Uid)? Pod { get; init; }

    private const string ServiceAccountPrefix = "system:serviceaccount:";

    /// <summary>Namespace and name when the user is a service account, else null.</summary>
    public (string Namespace, string Name)? ServiceAccount
    {
        get
        {
            if (!Username.StartsWith(ServiceAccountPrefix, StringComparison.Ordinal)) return null;
            var parts = Username[ServiceAccountPrefix.Length..].Split(':');
            return parts is [{ Length: > 0 } ns, { Length: > 0 } name] ? (ns, name) : null;
        }
    }
}
