using System.Net;

namespace WafOperator.Kubernetes.Client;

/// <summary>The API server refused a request, with a status of its own.</summary>
public sealed class KubernetesApiException : KubernetesException
{
    internal KubernetesApiException(ApiTarget target, ApiStatus status)
        : base(Sentence(target, status))
    {
        Target = target;
        Status = status;
    }

    public ApiTarget Target { get; }

    public ApiStatus Status { get; }

    public bool IsNotFound => Status.Code == (int)HttpStatusCode.NotFound;

    public bool IsAlreadyExists => Status.Reason == "AlreadyExists";

    /// <summary>The object changed since it was read, or another field manager owns a field.</summary>
    public bool IsConflict => Status.Code == (int)HttpStatusCode.Conflict && !IsAlreadyExists;

    public bool IsForbidden => Status.Code == (int)HttpStatusCode.Forbidden;

    public bool IsUnauthorized => Status.Code == (int)HttpStatusCode.Unauthorized;

    /// <summary>The object is not valid (schema, CEL rule, webhook or immutable field).</summary>
    public bool IsInvalid => Status.Code is (int)HttpStatusCode.UnprocessableEntity or (int)HttpStatusCode.BadRequest;

    /// <summary>The resource version or continue token is too old: list again.</summary>
    public bool IsExpired => Status.Code == (int)HttpStatusCode.Gone || Status.Reason is "Expired" or "Gone";

    /// <summary>The server asks to come back later, after <see cref="ApiStatus.RetryAfter"/> if it says so.</summary>
    public bool IsThrottled => Status.Code == (int)HttpStatusCode.TooManyRequests;

    /// <summary>True when the same request may well succeed later: overload, time-outs and internal errors.</summary>
    public bool IsTransient => IsThrottled || Status.Code >= 500;

    private static string Sentence(ApiTarget target, ApiStatus status)
    {
        var next = status.Code switch
        {
            401 => "Next: the credentials are missing or expired; renew them",
            403 when status.IsAuthorizationDenial =>
                $"Next: grant the verb \"{target.VerbName}\" on \"{target.Resource}\"" +
                (target.Namespace.Length > 0 ? $" in namespace {target.Namespace}" : ""),
            404 when target.Name.Length == 0 => "Next: is the resource's definition (CRD) installed?",
            409 when status.Reason == "Conflict" => "Next: read it again and repeat the change",
            429 => "Next: the server is busy; try later",
            >= 500 => "Next: look at the API server's health; the request may be repeated",
            _ => null,
        };
        var text = $"cannot {target}: {status.Code} {status.Reason}: {status.Message}";
        return next is null ? text : $"{text.TrimEnd('.')}. {next}";
    }
}
