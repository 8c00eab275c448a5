using Microsoft.ML.OnnxRuntime;

namespace WafOperator.OnnxRuntime;

/// <summary>Execution providers by name.</summary>
public enum OrtProvider { Cpu, Cuda, TensorRt }

/// <summary>
/// Settings of a session. The defaults suit a sidecar: one thread, no spinning, so that a model never takes more than the request's own core.
/// </summary>
public sealed record OrtSessionOptions
{
    /// <summary>Threads inside one operator.</summary>
    public int IntraOpThreads { get; init; } = 1;

    /// <summary>Threads over operators.</summary>
    public int InterOpThreads { get; init; } = 1;

    /// <summary>Where the model runs; parts that a provider lacks run on the CPU.</summary>
    public OrtProvider Provider { get; init; } = OrtProvider.Cpu;

    /// <summary>Device number for CUDA and TensorRT.</summary>
    public int DeviceId { get; init; }

    /// <summary>Idle threads spin for a moment: lower latency for a whole core.</summary>
    public bool AllowSpinning { get; init; }

    /// <exception cref="OrtException">The provider, or what it needs, is not there.</exception>
    internal SessionOptions ToNative()
    {
        var native = new SessionOptions();
        try
        {
            native.GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL;
            native.IntraOpNumThreads = IntraOpThreads;
            native.InterOpNumThreads = InterOpThreads;
            var spinning = AllowSpinning ? "1" : "0";
            native.AddSessionConfigEntry("session.intra_op.allow_spinning", spinning);
            native.AddSessionConfigEntry("session.inter_op.allow_spinning", spinning);
            OrtMemory.Apply(native);
            AppendProvider(native);
            return native;
        }
        catch (OnnxRuntimeException failure)
        {
            native.Dispose();
            throw OrtException.From(failure);
        }
        catch (EntryPointNotFoundException failure)
        {
            native.Dispose();
            throw new OrtException($"this build of ONNX Runtime has no {Provider.NativeName()}", failure);
        }
    }

    private void AppendProvider(SessionOptions native)
    {
        var device = new Dictionary<string, string> { ["device_id"] = $"{DeviceId}" };
        switch (Provider)
        {
            case OrtProvider.Cuda:
                using (var cuda = new OrtCUDAProviderOptions())
                {
                    cuda.UpdateOptions(device);
                    native.AppendExecutionProvider_CUDA(cuda);
                }

                break;
            case OrtProvider.TensorRt:
                using (var tensorRt = new OrtTensorRTProviderOptions())
                {
                    tensorRt.UpdateOptions(device);
                    native.AppendExecutionProvider_Tensorrt(tensorRt);
                }

                break;
        }
    }
}

internal static class OrtProviders
{
    /// <summary>Name of a provider in the library's list.</summary>
    public static string NativeName(this OrtProvider provider) => provider switch
    {
        OrtProvider.Cuda => "CUDAExecutionProvider",
        OrtProvider.TensorRt => "TensorrtExecutionProvider",
        _ => "CPUExecutionProvider",
    };
}
