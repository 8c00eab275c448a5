namespace WafOperator.Protocols.Inference;

/// <summary>
/// Why a server did not answer a request. The status code says whether asking again may help: 503 and 504 yes, others
/// no.
/// </summary>
public enum InferenceErrorCode
{
    /// <summary>400: the body or a header is not what the protocol says.</summary>
    Malformed,

    /// <summary>400: names, types or shapes of tensors are not the model's.</summary>
    ShapeMismatch,

    /// <summary>401: the call carries no code of the pool's key, or a wrong one.</summary>
    Unauthorized,

    /// <summary>403: the server's models are given by its operator or folder, not over this API.</summary>
    Forbidden,

    /// <summary>404: the server knows no such model or version.</summary>
    ModelUnknown,

    /// <summary>404: there is nothing at this path.</summary>
    NotFound,

    /// <summary>405: the path is there, the method is not.</summary>
    MethodNotAllowed,

    /// <summary>409: the server has another package under this model and version.</summary>
    DigestMismatch,

    /// <summary>413: a bound of the server (bytes, values, elements).</summary>
    TooLarge,

    /// <summary>415: neither JSON nor the compact media type.</summary>
    UnsupportedMediaType,

    /// <summary>500: the model failed on this input; the server's log has the runtime's text.</summary>
    ModelFailed,

    /// <summary>503: the model is known, but is loading or could not be loaded.</summary>
    ModelNotReady,

    /// <summary>503: too much is waiting. Nothing was computed.</summary>
    QueueFull,

    /// <summary>503: the server is shutting down. Nothing was computed.</summary>
    Draining,

    /// <summary>504: the caller's deadline passed before the model ran.</summary>
    DeadlineExceeded,
}

/// <summary>Body of every answer that is not a success; <c>error</c> is where V2 clients look.</summary>
public sealed record InferenceError
{
    /// <summary>What is wrong, for people.</summary>
    public required string Error { get; init; }

    /// <summary>What is wrong, for programs.</summary>
    public required InferenceErrorCode Code { get; init; }

    /// <summary>HTTP status of a code.</summary>
    public static int StatusOf(InferenceErrorCode code) => code switch
    {
        InferenceErrorCode.Malformed or InferenceErrorCode.ShapeMismatch => 400,
        InferenceErrorCode.Unauthorized => 401,
        InferenceErrorCode.Forbidden => 403,
        InferenceErrorCode.ModelUnknown or InferenceErrorCode.NotFound => 404,
        InferenceErrorCode.MethodNotAllowed => 405,
        InferenceErrorCode.DigestMismatch => 409,
        InferenceErrorCode.TooLarge => 413,
        InferenceErrorCode.UnsupportedMediaType => 415,
        InferenceErrorCode.ModelFailed => 500,
        InferenceErrorCode.DeadlineExceeded => 504,
        _ => 503,
    };
}
