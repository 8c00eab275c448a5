using System.Runtime.InteropServices;

namespace WafOperator.OnnxRuntime;

/// <summary>Name, element type and shape (-1: free) of a model's input or output.</summary>
public sealed record OrtTensorInfo(string Name, OrtElementType ElementType, IReadOnlyList<long> Shape);

/// <summary>A loaded model. Thread-safe: any number of bindings may run at once.</summary>
public sealed unsafe class OrtSession : IDisposable
{
    private readonly OrtHandle _session;

    /// <summary>Loads a model from its bytes.</summary>
    /// <exception cref="OrtException">The model is malformed, or uses what this build lacks.</exception>
    public OrtSession(OrtRuntime runtime, ReadOnlySpan<byte> model, OrtSessionOptions options)
    {
        ArgumentNullException.ThrowIfNull(runtime);
        ArgumentNullException.ThrowIfNull(options);
        Runtime = runtime;
        using var nativeOptions = SessionOptionsBuilder.Build(runtime, options);
        var api = runtime.Api;
        void* session;
        fixed (byte* bytes = model)
        {
            api.Check(((delegate* unmanaged<void*, void*, nuint, void*, void**, void*>)api[Slot.CreateSessionFromArray])(
                runtime.Environment, bytes, (nuint)model.Length, nativeOptions.Pointer, &session));
        }

        _session = new OrtHandle(api, Slot.ReleaseSession, session);
        Inputs = Describe(Slot.SessionGetInputCount, Slot.SessionGetInputName, Slot.SessionGetInputTypeInfo);
        Outputs = Describe(Slot.SessionGetOutputCount, Slot.SessionGetOutputName, Slot.SessionGetOutputTypeInfo);
    }

    public IReadOnlyList<OrtTensorInfo> Inputs { get; }

    public IReadOnlyList<OrtTensorInfo> Outputs { get; }

    /// <summary>The runtime that the session lives in.</summary>
    public OrtRuntime Runtime { get; }

    internal OrtHandle Handle => _session;

    /// <summary>Makes a binding of tensors to this session's inputs and outputs.</summary>
    public OrtBinding CreateBinding() => new(this);

    /// <summary>Makes a run from named inputs to named outputs, whose shapes ONNX Runtime decides.</summary>
    public OrtRun CreateRun(IReadOnlyList<string> inputs, IReadOnlyList<string> outputs) => new(this, inputs, outputs);

    public void Dispose() => _session.Dispose();

    private List<OrtTensorInfo> Describe(Slot countSlot, Slot nameSlot, Slot typeSlot)
    {
        var api = Runtime.Api;
        nuint count;
        api.Check(((delegate* unmanaged<void*, nuint*, void*>)api[countSlot])(_session.Pointer, &count));
        var infos = new List<OrtTensorInfo>((int)count);
        for (nuint i = 0; i < count; i++) infos.Add(DescribeOne(i, nameSlot, typeSlot));
        return infos;
    }

    private OrtTensorInfo DescribeOne(nuint index, Slot nameSlot, Slot typeSlot)
    {
        var api = Runtime.Api;
        void* allocator;
        api.Check(((delegate* unmanaged<void**, void*>)api[Slot.GetAllocatorWithDefaultOptions])(&allocator));
        byte* name;
        api.Check(((delegate* unmanaged<void*, nuint, void*, byte**, void*>)api[nameSlot])(
            _session.Pointer, index, allocator, &name));
        var text = Marshal.PtrToStringUTF8((nint)name) ?? "";
        api.Check(((delegate* unmanaged<void*, void*, void*>)api[Slot.AllocatorFree])(allocator, name));

        void* typeInfo, tensorInfo;
        api.Check(((delegate* unmanaged<void*, nuint, void**, void*>)api[typeSlot])(_session.Pointer, index, &typeInfo));
        using var owner = new OrtHandle(api, Slot.ReleaseTypeInfo, typeInfo);
        api.Check(((delegate* unmanaged<void*, void**, void*>)api[Slot.CastTypeInfoToTensorInfo])(typeInfo, &tensorInfo));
        if (tensorInfo is null) return new OrtTensorInfo(text, OrtElementType.Undefined, []);
        int elementType;
        nuint rank;
        api.Check(((delegate* unmanaged<void*, int*, void*>)api[Slot.GetTensorElementType])(tensorInfo, &elementType));
        api.Check(((delegate* unmanaged<void*, nuint*, void*>)api[Slot.GetDimensionsCount])(tensorInfo, &rank));
        var shape = new long[(int)rank];
        fixed (long* dimensions = shape)
        {
            api.Check(((delegate* unmanaged<void*, long*, nuint, void*>)api[Slot.GetDimensions])(tensorInfo, dimensions, rank));
        }

        return new OrtTensorInfo(text, (OrtElementType)elementType, shape);
    }
}
