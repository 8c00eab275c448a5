using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;

namespace WafOperator.OnnxRuntime;

/// <summary>
/// ONNX Runtime in this process: the loaded library and its environment, which last as long as the process.
/// Thread-safe.
/// Sessions made from it may be used from any thread.
/// </summary>
public sealed class OrtRuntime
{
    private static readonly Lock Loading = new();

    private static OrtRuntime? _loaded;
    private static nint _library;

    private OrtRuntime(string path, long memoryBytesMax)
    {
        Path = path;
        var environment = OrtEnv.Instance();
        MemoryBytesMax = memoryBytesMax;
        OrtMemory.Register(environment, MemoryBytesMax);
        Version = environment.GetVersionString();
        AvailableProviders = environment.GetAvailableProviders();
    }

    /// <summary>Version of the library.</summary>
    public string Version { get; }

    /// <summary>Bytes that all sessions of the process may take together; a run that wants more fails.</summary>
    public long MemoryBytesMax { get; }

    /// <summary>Names of the execution providers inside the library, such as <c>CPUExecutionProvider</c>.</summary>
    public IReadOnlyList<string> AvailableProviders { get; }

    /// <summary>Where the library was loaded from.</summary>
    private string Path { get; }

    /// <summary>Loads the library, from <paramref name="libraryPath"/> or from beside the program.</summary>
    /// <param name="libraryPath">File, or null for the one beside the program.</param>
    /// <param name="memoryBytesMax">As for <see cref="TryLoad"/>.</param>
    /// <exception cref="OrtException">The library is absent, too old, or not ONNX Runtime.</exception>
    public static OrtRuntime Load(string? libraryPath = null, long? memoryBytesMax = null) =>
        TryLoad(libraryPath, out var reason, memoryBytesMax) ?? throw new OrtException(reason);

    /// <summary>
    /// Loads the library; null and the reason if it cannot be loaded. A process has one: the first that was loaded.
    /// </summary>
    /// <param name="libraryPath">File, or null for the one beside the program.</param>
    /// <param name="reason">Why there is none.</param>
    /// <param name="memoryBytesMax">
    /// Bytes that all sessions together may take, less than 4 GiB; null for what <see cref="OrtMemory.LimitOf"/> says of
    /// this process.
    /// </param>
    public static OrtRuntime? TryLoad(string? libraryPath, out string reason, long? memoryBytesMax = null)
    {
        lock (Loading)
        {
            if (_loaded is { } loaded && (libraryPath is null || libraryPath == loaded.Path))
            {
                reason = "";
                return loaded;
            }

            if (Find(libraryPath, out reason) is not { } path) return null;
            if (_loaded is not null)
            {
                reason = $"ONNX Runtime was loaded from {_loaded.Path} already; another library needs another process";
                return null;
            }

            var limit = memoryBytesMax
                ?? OrtMemory.LimitOf(GC.GetGCMemoryInfo(GCKind.Any).TotalAvailableMemoryBytes);
            return _loaded = Start(path, limit, out reason);
        }
    }

    /// <summary>Null when a provider can be chosen; else what is missing and what to do.</summary>
    public string? ProblemOf(OrtProvider provider)
    {
        var name = provider.NativeName();
        const string advice = "Take the image or the build with that provider (-p:WafGpu=true), and what the provider "
            + "itself needs, or choose another provider";
        if (!AvailableProviders.Contains(name))
            return $"ONNX Runtime {Version} has no {name} here; "
                + $"it has {string.Join(", ", AvailableProviders)}. {advice}";
        try
        {
            // A library may know a provider by name whose own library is not there.
            new OrtSessionOptions { Provider = provider }.ToNative().Dispose();
            return null;
        }
        catch (OrtException failure)
        {
            return $"{name} cannot be used here: {failure.Message.Trim()}. {advice}";
        }
    }

    /// <summary>
    /// Asked before the managed API touches the library: where that finds none or a wrong one, it fails for good in
    /// this process.
    /// </summary>
    private static string? Find(string? path, out string reason)
    {
        string[] candidates = path is not null
            ? [path]
            : [System.IO.Path.Combine(AppContext.BaseDirectory, "libonnxruntime.so"), "libonnxruntime.so",
                "libonnxruntime.so.1"];
        foreach (var candidate in candidates)
        {
            if (!NativeLibrary.TryLoad(candidate, out var library)) continue;
            if (!NativeLibrary.TryGetExport(library, "OrtGetApiBase", out _))
            {
                reason = $"{candidate} is not ONNX Runtime: it does not export OrtGetApiBase";
                return null;
            }

            if (_loaded is null) _library = library;
            reason = "";
            return candidate;
        }

        reason = "ONNX Runtime's library libonnxruntime.so was not found "
            + (path is null ? "beside the program or on the library path" : $"at {path}");
        return null;
    }

    private static OrtRuntime? Start(string path, long memoryBytesMax, out string reason)
    {
        try
        {
            NativeLibrary.SetDllImportResolver(
                typeof(OrtEnv).Assembly, static (name, _, _) => name == "onnxruntime" ? _library : 0);
            reason = "";
            return new OrtRuntime(path, memoryBytesMax);
        }
        catch (Exception failure) when (
            failure is TypeInitializationException or OnnxRuntimeException or InvalidOperationException)
        {
            reason = $"{path} cannot be used: {(failure.InnerException ?? failure).Message.Trim()}; "
                + "ONNX Runtime 1.31 or later is needed, and a new process after that";
            return null;
        }
    }
}
