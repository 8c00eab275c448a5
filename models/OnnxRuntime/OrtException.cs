using Microsoft.ML.OnnxRuntime;

namespace WafOperator.OnnxRuntime;

/// <summary>A failure that ONNX Runtime reported, with its own code and text.</summary>
public sealed class OrtException : Exception
{
    public OrtException() { }

    public OrtException(string message) : base(message) { }

    public OrtException(string message, Exception innerException) : base(message, innerException) { }

    private OrtException(OrtErrorCode code, string message, Exception inner)
        : base($"ONNX Runtime ({code}): {message}", inner) => Code = code;

    /// <summary>ONNX Runtime's code.</summary>
    public OrtErrorCode Code { get; }

    /// <summary>The managed API tells the code only in its text: <c>[ErrorCode:InvalidGraph] …</c>.</summary>
    internal static OrtException From(OnnxRuntimeException failure)
    {
        const string prefix = "[ErrorCode:";
        var text = failure.Message;
        var end = text.IndexOf(']', StringComparison.Ordinal);
        return text.StartsWith(prefix, StringComparison.Ordinal) && end > 0
            && Enum.TryParse<OrtErrorCode>(text.AsSpan(prefix.Length, end - prefix.Length), out var code)
            ? new OrtException(code, text[(end + 1)..].Trim(), failure)
            : new OrtException(OrtErrorCode.Fail, text, failure);
    }
}

/// <summary><c>OrtErrorCode</c> of the C API.</summary>
public enum OrtErrorCode
{
    Ok, Fail, InvalidArgument, NoSuchFile, NoModel, EngineError, RuntimeException, InvalidProtobuf, ModelLoaded,
    NotImplemented, InvalidGraph, ExecutionProviderFail, ModelLoadCanceled, ModelRequiresCompilation, NotFound,
}
