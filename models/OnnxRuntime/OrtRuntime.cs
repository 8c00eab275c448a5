using System.Runtime.InteropServices;

namespace WafOperator.OnnxRuntime;

/// <summary>
/// ONNX Runtime in this process: the loaded library and its environment. Create one and keep it; thread-safe.
/// Sessions made from it may be used from any thread.
/// </summary>
public sealed unsafe class OrtRuntime : IDisposable
{
    private readonly OrtHandle _environment;
    private readonly OrtHandle _cpuMemory;

    private OrtRuntime(NativeApi api)
    {
        Api = api;
        var name = NativeApi.Utf8("waf-operator");
        void* environment;
        fixed (byte* id = name)
        {
            const int warning = 2;
            api.Check(((delegate* unmanaged<int, byte*, void**, void*>)api[Slot.CreateEnv])(warning, id, &environment));
        }

        _environment = new OrtHandle(api, Slot.ReleaseEnv, environment);
        void* memory;
        const int arenaAllocator = 1, defaultMemory = 0;
        api.Check(((delegate* unmanaged<int, int, void**, void*>)api[Slot.CreateCpuMemoryInfo])(
            arenaAllocator, defaultMemory, &memory));
        _cpuMemory = new OrtHandle(api, Slot.ReleaseMemoryInfo, memory);
        AvailableProviders = ReadProviders();
    }

    /// <summary>Version of the library.</summary>
    public string Version => Api.Version;

    /// <summary>Names of the execution providers inside the library, such as <c>CPUExecutionProvider</c>.</summary>
    public IReadOnlyList<string> AvailableProviders { get; }

    internal NativeApi Api { get; }

    internal void* Environment => _environment.Pointer;

    internal void* CpuMemory => _cpuMemory.Pointer;

    /// <summary>Loads the library, from <paramref name="libraryPath"/> or from beside the program.</summary>
    /// <exception cref="OrtException">The library is absent, too old, or not ONNX Runtime.</exception>
    public static OrtRuntime Load(string? libraryPath = null) =>
        TryLoad(libraryPath, out var reason) ?? throw new OrtException(reason);

    /// <summary>Loads the library; null and a reason when it cannot be had.</summary>
    public static OrtRuntime? TryLoad(string? libraryPath, out string reason)
    {
        var api = NativeApi.TryLoad(libraryPath, out reason);
        return api is null ? null : new OrtRuntime(api);
    }

    /// <summary>Null when a provider can be chosen; else what is missing and what to do.</summary>
    public string? ProblemOf(OrtProvider provider)
    {
        var name = SessionOptionsBuilder.NameOf(provider);
        const string advice = "Put a build of ONNX Runtime with that provider, and what the provider itself needs, in place "
            + "of libonnxruntime.so.1, or choose another provider";
        if (!AvailableProviders.Contains(name))
            return $"ONNX Runtime {Version} has no {name} here; it has {string.Join(", ", AvailableProviders)}. {advice}";
        try
        {
            // A library may know a provider by name whose own library is not there.
            SessionOptionsBuilder.Build(this, new OrtSessionOptions { Provider = provider }).Dispose();
            return null;
        }
        catch (OrtException failure)
        {
            return $"{name} cannot be used here: {failure.Message.Trim()}. {advice}";
        }
    }

    public void Dispose()
    {
        _cpuMemory.Dispose();
        _environment.Dispose();
    }

    private List<string> ReadProviders()
    {
        byte** names;
        int count;
        Api.Check(((delegate* unmanaged<byte***, int*, void*>)Api[Slot.GetAvailableProviders])(&names, &count));
        var providers = new List<string>(count);
        for (var i = 0; i < count; i++) providers.Add(Marshal.PtrToStringUTF8((nint)names[i]) ?? "");
        Api.Check(((delegate* unmanaged<byte**, int, void*>)Api[Slot.ReleaseAvailableProviders])(names, count));
        return providers;
    }
}
