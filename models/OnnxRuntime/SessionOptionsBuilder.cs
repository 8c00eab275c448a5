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

    /// <summary>Name of a provider in the library's list.</summary>
    public static string NameOf(OrtProvider provider) => provider switch
    {
        OrtProvider.Cpu => "CPUExecutionProvider",
        OrtProvider.Cuda => "CUDAExecutionProvider",
        OrtProvider.TensorRt => "TensorrtExecutionProvider",
        _ => "WebGpuExecutionProvider",
    };

    private static void AppendProvider(OrtRuntime runtime, void* native, OrtSessionOptions options)
    {
        if (options.Provider is OrtProvider.Cpu) return;
        var api = runtime.Api;
        switch (options.Provider)
        {
            case OrtProvider.Cuda:
                AppendV2(api, native, options.DeviceId, new(
                    Slot.CreateCudaProviderOptions, Slot.UpdateCudaProviderOptions,
                    Slot.SessionOptionsAppendExecutionProviderCuda, Slot.ReleaseCudaProviderOptions));
                break;
            case OrtProvider.TensorRt:
                AppendV2(api, native, options.DeviceId, new(
                    Slot.CreateTensorRtProviderOptions, Slot.UpdateTensorRtProviderOptions,
                    Slot.SessionOptionsAppendExecutionProviderTensorRt, Slot.ReleaseTensorRtProviderOptions));
                break;
            default:
                AppendByName(api, native, "WebGPU");
                break;
        }
    }

    private static void AppendV2(NativeApi api, void* native, int device, ProviderSlots slots)
    {
        void* provider;
        api.Check(((delegate* unmanaged<void**, void*>)api[slots.Create])(&provider));
        try
        {
            fixed (byte* key = NativeApi.Utf8("device_id"), value = NativeApi.Utf8($"{device}"))
            {
                byte* keys = key, values = value;
                api.Check(((delegate* unmanaged<void*, byte**, byte**, nuint, void*>)api[slots.Update])(
                    provider, &keys, &values, 1));
            }

            api.Check(((delegate* unmanaged<void*, void*, void*>)api[slots.Append])(native, provider));
        }
        finally
        {
            api.Release(slots.Release, provider);
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

    /// <summary>The functions of one provider's options.</summary>
    private readonly record struct ProviderSlots(Slot Create, Slot Update, Slot Append, Slot Release);
}
