namespace WafOperator.OnnxRuntime;

/// <summary>Makes the native session options from ours.</summary>
internal static unsafe class SessionOptionsBuilder
{
    private const int AllOptimizations = 99;

    public static OrtHandle Build(OrtRuntime runtime, OrtSessionOptions options)
    {
        var api = runtime.Api;
        void* native;
        api.Check(((delegate* unmanaged<void**, void*>)api[Slot.CreateSessionOptions])(&native));
        var handle = new OrtHandle(api, Slot.ReleaseSessionOptions, native);
        try
        {
            SetNumber(api, Slot.SetSessionGraphOptimizationLevel, native, AllOptimizations);
            SetNumber(api, Slot.SetIntraOpNumThreads, native, options.IntraOpThreads);
            SetNumber(api, Slot.SetInterOpNumThreads, native, options.InterOpThreads);
            var spinning = options.AllowSpinning ? "1" : "0";
            AddEntry(api, native, "session.intra_op.allow_spinning", spinning);
            AddEntry(api, native, "session.inter_op.allow_spinning", spinning);
            if (!options.UseArena)
            {
                api.Check(((delegate* unmanaged<void*, void*>)api[Slot.DisableCpuMemArena])(native));
                api.Check(((delegate* unmanaged<void*, void*>)api[Slot.DisableMemPattern])(native));
            }

            AppendProvider(runtime, native, options);
            return handle;
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    private static void AppendProvider(OrtRuntime runtime, void* native, OrtSessionOptions options)
    {
        if (options.Provider is OrtProvider.Cpu) return;
        var name = options.Provider switch
        {
            OrtProvider.Cuda => "CUDAExecutionProvider",
            OrtProvider.TensorRt => "TensorrtExecutionProvider",
            _ => "WebGpuExecutionProvider",
        };
        if (!runtime.AvailableProviders.Contains(name))
        {
            throw new OrtException(
                $"this build of ONNX Runtime {runtime.Version} has no {name}; it has "
                + $"{string.Join(", ", runtime.AvailableProviders)}. Put a build with that provider in place of libonnxruntime.so.1, "
                + "or choose another provider.");
        }

        var api = runtime.Api;
        switch (options.Provider)
        {
            case OrtProvider.Cuda:
                AppendV2(api, native, Slot.CreateCudaProviderOptions, Slot.SessionOptionsAppendExecutionProviderCuda,
                    Slot.ReleaseCudaProviderOptions);
                break;
            case OrtProvider.TensorRt:
                AppendV2(api, native, Slot.CreateTensorRtProviderOptions,
                    Slot.SessionOptionsAppendExecutionProviderTensorRt, Slot.ReleaseTensorRtProviderOptions);
                break;
            default:
                AppendByName(api, native, "WebGPU");
                break;
        }
    }

    private static void AppendV2(NativeApi api, void* native, Slot create, Slot append, Slot release)
    {
        void* provider;
        api.Check(((delegate* unmanaged<void**, void*>)api[create])(&provider));
        try
        {
            api.Check(((delegate* unmanaged<void*, void*, void*>)api[append])(native, provider));
        }
        finally
        {
            api.Release(release, provider);
        }
    }

    private static void AppendByName(NativeApi api, void* native, string provider)
    {
        fixed (byte* name = NativeApi.Utf8(provider))
        {
            api.Check(((delegate* unmanaged<void*, byte*, byte**, byte**, nuint, void*>)
                api[Slot.SessionOptionsAppendExecutionProvider])(native, name, null, null, 0));
        }
    }

    private static void SetNumber(NativeApi api, Slot slot, void* native, int value) =>
        api.Check(((delegate* unmanaged<void*, int, void*>)api[slot])(native, value));

    private static void AddEntry(NativeApi api, void* native, string key, string value)
    {
        fixed (byte* k = NativeApi.Utf8(key), v = NativeApi.Utf8(value))
        {
            api.Check(((delegate* unmanaged<void*, byte*, byte*, void*>)api[Slot.AddSessionConfigEntry])(native, k, v));
        }
    }
}
