using System.Runtime.InteropServices;

namespace WafOperator.OnnxRuntime;

/// <summary>
/// Runs a session on given inputs, with outputs that ONNX Runtime allocates: for models whose output shapes are only
/// known afterwards. Not thread-safe; one per thread.
/// </summary>
public sealed unsafe class OrtRun : IDisposable
{
    private readonly OrtSession _session;
    private readonly byte** _inputNames;
    private readonly byte** _outputNames;
    private readonly int _inputCount;
    private readonly int _outputCount;
    private readonly OrtHandle _runOptions;
    private bool _isDisposed;

    internal OrtRun(OrtSession session, IReadOnlyList<string> inputs, IReadOnlyList<string> outputs)
    {
        _session = session;
        (_inputCount, _outputCount) = (inputs.Count, outputs.Count);
        var api = session.Runtime.Api;
        void* runOptions;
        api.Check(((delegate* unmanaged<void**, void*>)api[Slot.CreateRunOptions])(&runOptions));
        _runOptions = new OrtHandle(api, Slot.ReleaseRunOptions, runOptions);
        _inputNames = NamesOf(inputs);
        _outputNames = NamesOf(outputs);
    }

    ~OrtRun() => Free();

    /// <summary>
    /// Runs the model once. The caller disposes of the outputs, which are in the order of their names.
    /// </summary>
    /// <exception cref="OrtException">The run failed.</exception>
    public OrtOutput[] Run(ReadOnlySpan<OrtTensor> inputs)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(inputs.Length, _inputCount);
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        var api = _session.Runtime.Api;
        var values = stackalloc void*[_inputCount];
        for (var i = 0; i < _inputCount; i++) values[i] = inputs[i].Value.Pointer;
        var results = stackalloc void*[_outputCount];
        new Span<nint>(results, _outputCount).Clear();
        api.Check(
            ((delegate* unmanaged<void*, void*, byte**, void**, nuint, byte**, nuint, void**, void*>)api[Slot.Run])(
            _session.Handle.Pointer, _runOptions.Pointer, _inputNames, values, (nuint)_inputCount,
            _outputNames, (nuint)_outputCount, results));
        var outputs = new OrtOutput[_outputCount];
        for (var i = 0; i < _outputCount; i++) outputs[i] = new OrtOutput(api, results[i]);
        foreach (var input in inputs) GC.KeepAlive(input);
        GC.KeepAlive(this);
        return outputs;
    }

    public void Dispose()
    {
        if (_isDisposed) return;
        _runOptions.Dispose();
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        Free(_inputNames, _inputCount);
        Free(_outputNames, _outputCount);
    }

    private static byte** NamesOf(IReadOnlyList<string> names)
    {
        var pointers = (byte**)NativeMemory.Alloc((nuint)Math.Max(1, names.Count), (nuint)sizeof(byte*));
        for (var i = 0; i < names.Count; i++)
        {
            var utf8 = NativeApi.Utf8(names[i]);
            pointers[i] = (byte*)NativeMemory.Alloc((nuint)utf8.Length);
            utf8.CopyTo(new Span<byte>(pointers[i], utf8.Length));
        }

        return pointers;
    }

    private static void Free(byte** names, int count)
    {
        if (names is null) return;
        for (var i = 0; i < count; i++) NativeMemory.Free(names[i]);
        NativeMemory.Free(names);
    }
}

/// <summary>An output that ONNX Runtime allocated.</summary>
public sealed unsafe class OrtOutput : IDisposable
{
    private readonly OrtHandle _value;
    private readonly byte* _data;
    private readonly int _bytes;

    internal OrtOutput(NativeApi api, void* value)
    {
        _value = new OrtHandle(api, Slot.ReleaseValue, value);
        void* info;
        api.Check(((delegate* unmanaged<void*, void**, void*>)api[Slot.GetTensorTypeAndShape])(value, &info));
        using var owner = new OrtHandle(api, Slot.ReleaseTensorTypeAndShapeInfo, info);
        int elementType;
        nuint rank;
        api.Check(((delegate* unmanaged<void*, int*, void*>)api[Slot.GetTensorElementType])(info, &elementType));
        api.Check(((delegate* unmanaged<void*, nuint*, void*>)api[Slot.GetDimensionsCount])(info, &rank));
        var shape = new long[(int)rank];
        fixed (long* dimensions = shape)
        {
            api.Check(
                ((delegate* unmanaged<void*, long*, nuint, void*>)api[Slot.GetDimensions])(info, dimensions, rank));
        }

        (ElementType, Shape) = ((OrtElementType)elementType, shape);
        long length = OrtRawTensor.SizeOf(ElementType);
        foreach (var dimension in shape) length = checked(length * dimension);
        _bytes = checked((int)length);
        void* data;
        api.Check(((delegate* unmanaged<void*, void**, void*>)api[Slot.GetTensorMutableData])(value, &data));
        _data = (byte*)data;
    }

    public OrtElementType ElementType { get; }

    public IReadOnlyList<long> Shape { get; }

    /// <summary>The elements; valid until this is disposed. Empty for types without a fixed size.</summary>
    public ReadOnlySpan<byte> Bytes => _value.IsClosed ? [] : new(_data, _bytes);

    public void Dispose() => _value.Dispose();
}
