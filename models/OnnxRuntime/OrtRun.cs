using Microsoft.ML.OnnxRuntime;

namespace WafOperator.OnnxRuntime;

/// <summary>
/// Runs a session on given inputs, with outputs that ONNX Runtime allocates: for models whose output shapes are only
/// known afterwards. Not thread-safe; one per thread.
/// </summary>
public sealed class OrtRun : IDisposable
{
    private readonly OrtSession _session;
    private readonly string[] _inputs;
    private readonly string[] _outputs;
    private readonly OrtValue[] _values;
    private readonly RunOptions _runOptions = new();
    private bool _isDisposed;

    internal OrtRun(OrtSession session, IReadOnlyList<string> inputs, IReadOnlyList<string> outputs)
    {
        _session = session;
        (_inputs, _outputs) = ([.. inputs], [.. outputs]);
        _values = new OrtValue[_inputs.Length];
    }

    /// <summary>
    /// Runs the model once. The caller disposes of the outputs, which are in the order of their names.
    /// </summary>
    /// <exception cref="OrtException">The run failed.</exception>
    public OrtOutput[] Run(ReadOnlySpan<OrtTensor> inputs)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(inputs.Length, _inputs.Length);
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        for (var i = 0; i < inputs.Length; i++) _values[i] = inputs[i].Value;
        try
        {
            // The collection of the results is a list of them and nothing more: each output is disposed of by its
            // owner.
            var results = _session.Native.Run(_runOptions, _inputs, _values, _outputs);
            var outputs = new OrtOutput[results.Count];
            for (var i = 0; i < outputs.Length; i++) outputs[i] = new OrtOutput(results[i]);
            return outputs;
        }
        catch (OnnxRuntimeException failure)
        {
            throw OrtException.From(failure);
        }
        finally
        {
            foreach (var input in inputs) GC.KeepAlive(input);
            Array.Clear(_values);
        }
    }

    public void Dispose()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        _runOptions.Dispose();
    }
}

/// <summary>An output that ONNX Runtime allocated.</summary>
public sealed class OrtOutput : IDisposable
{
    private readonly OrtValue _value;
    private bool _isDisposed;

    internal OrtOutput(OrtValue value)
    {
        _value = value;
        var info = value.GetTensorTypeAndShape();
        (ElementType, Shape) = ((OrtElementType)info.ElementDataType, info.Shape);
    }

    public OrtElementType ElementType { get; }

    public IReadOnlyList<long> Shape { get; }

    /// <summary>The elements; valid until this is disposed. Empty for types without a fixed size.</summary>
    public ReadOnlySpan<byte> Bytes =>
        _isDisposed || OrtRawTensor.SizeOf(ElementType) == 0 ? [] : _value.GetTensorMutableRawData();

    public void Dispose()
    {
        _isDisposed = true;
        _value.Dispose();
    }
}
