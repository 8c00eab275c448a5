using Microsoft.ML.OnnxRuntime;

namespace WafOperator.OnnxRuntime;

/// <summary>Name, element type and shape (-1: free) of a model's input or output.</summary>
public sealed record OrtTensorInfo(string Name, OrtElementType ElementType, IReadOnlyList<long> Shape);

/// <summary>A loaded model. Thread-safe: any number of bindings may run at once.</summary>
public sealed class OrtSession : IDisposable
{
    private readonly InferenceSession _session;
    private volatile bool _isDisposed;

    /// <summary>Loads a model from its bytes.</summary>
    /// <exception cref="OrtException">The model is malformed, or uses what this build lacks.</exception>
    public OrtSession(OrtRuntime runtime, ReadOnlySpan<byte> model, OrtSessionOptions options)
    {
        ArgumentNullException.ThrowIfNull(runtime);
        ArgumentNullException.ThrowIfNull(options);
        Runtime = runtime;
        if (runtime.AvailableProviders.Contains(options.Provider.NativeName()) is false)
            throw new OrtException(runtime.ProblemOf(options.Provider)!);
        using var native = options.ToNative();
        try
        {
            _session = new InferenceSession(model.ToArray(), native);
            Inputs = Describe(_session.InputNames, _session.InputMetadata);
            Outputs = Describe(_session.OutputNames, _session.OutputMetadata);
        }
        catch (OnnxRuntimeException failure)
        {
            _session?.Dispose();
            throw OrtException.From(failure);
        }
    }

    public IReadOnlyList<OrtTensorInfo> Inputs { get; }

    public IReadOnlyList<OrtTensorInfo> Outputs { get; }

    /// <summary>The runtime that the session lives in.</summary>
    public OrtRuntime Runtime { get; }

    /// <summary>The managed API would call into freed memory.</summary>
    /// <exception cref="ObjectDisposedException">The session was disposed of.</exception>
    internal InferenceSession Native
    {
        get
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            return _session;
        }
    }

    /// <summary>Makes a binding of tensors to this session's inputs and outputs.</summary>
    public OrtBinding CreateBinding() => new(this);

    /// <summary>Makes a run from named inputs to named outputs, whose shapes ONNX Runtime decides.</summary>
    public OrtRun CreateRun(IReadOnlyList<string> inputs, IReadOnlyList<string> outputs) => new(this, inputs, outputs);

    public void Dispose()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        _session.Dispose();
    }

    private static List<OrtTensorInfo> Describe(IReadOnlyList<string> names, IReadOnlyDictionary<string, NodeMetadata> all) =>
        [.. names.Select(name => all[name] is { IsTensor: true } tensor
            ? new OrtTensorInfo(name, (OrtElementType)tensor.ElementDataType, [.. tensor.Dimensions.Select(d => (long)d)])
            : new OrtTensorInfo(name, OrtElementType.Undefined, []))];
}
