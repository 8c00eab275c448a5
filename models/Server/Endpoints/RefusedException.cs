using WafOperator.Protocols.Inference;

namespace WafOperator.Models.Server.Endpoints;

/// <summary>
/// A request that is not answered, with what the caller is told. Never on the way of a good request.
/// </summary>
internal sealed class RefusedException(InferenceErrorCode code, string message) : Exception(message)
{
    public InferenceErrorCode Code { get; } = code;

    public static RefusedException Malformed(string message) => new(InferenceErrorCode.Malformed, message);

    public static RefusedException Shape(string message) => new(InferenceErrorCode.ShapeMismatch, message);

    public static RefusedException TooLarge(string message) => new(InferenceErrorCode.TooLarge, message);
}
