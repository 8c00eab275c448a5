namespace WafOperator.OnnxRuntime;

/// <summary>A failure that ONNX Runtime reported, with its own code and text.</summary>
public sealed class OrtException : Exception
{
    public OrtException() { }

    public OrtException(string message) : base(message) { }

    public OrtException(string message, Exception innerException) : base(message, innerException) { }

    internal OrtException(OrtErrorCode code, string message) : base($"ONNX Runtime ({code}): {message}") => Code = code;

    /// <summary>ONNX Runtime's code.</summary>
    public OrtErrorCode Code { get; }
}

/// <summary><c>OrtErrorCode</c> of the C API.</summary>
public enum OrtErrorCode
{
    Ok, Fail, InvalidArgument, NoSuchFile, NoModel, EngineError, RuntimeException, InvalidProtobuf, ModelLoaded,
    NotImplemented, InvalidGraph, ExecutionProviderFail, ModelLoadCanceled, ModelRequiresCompilation, NotFound,
}
