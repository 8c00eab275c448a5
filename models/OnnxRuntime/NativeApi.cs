using System.Runtime.InteropServices;
using System.Text;

namespace WafOperator.OnnxRuntime;

/// <summary>
/// The function table of ONNX Runtime's C API (<c>OrtApi</c> in onnxruntime_c_api.h), called through function pointers. The table
/// is append-only, so version 17 is asked for: the lowest that has all slots used here. One per process; never unloaded.
/// </summary>
internal sealed unsafe class NativeApi
{
    private const uint ApiVersion = 17;

    private readonly void** _table;

    private NativeApi(void** table, string version)
    {
        _table = table;
        Version = version;
    }

    /// <summary>Version of the library, such as <c>1.30.0</c>.</summary>
    public string Version { get; }

    /// <summary>Loads the library. Null and a reason when it is absent or too old.</summary>
    public static NativeApi? TryLoad(string? path, out string reason)
    {
        foreach (var candidate in Candidates(path))
        {
            if (!NativeLibrary.TryLoad(candidate, out var library)) continue;
            if (!NativeLibrary.TryGetExport(library, "OrtGetApiBase", out var export))
            {
                reason = $"{candidate} is not ONNX Runtime: it does not export OrtGetApiBase";
                return null;
            }

            var apiBase = (ApiBase*)((delegate* unmanaged<void*>)export)();
            var version = Marshal.PtrToStringUTF8((nint)apiBase->GetVersionString()) ?? "?";
            var table = (void**)apiBase->GetApi(ApiVersion);
            if (table is null)
            {
                reason = $"{candidate} is ONNX Runtime {version}, which lacks C API version {ApiVersion}: 1.17 or later is needed";
                return null;
            }

            reason = "";
            return new NativeApi(table, version);
        }

        reason = "ONNX Runtime's library libonnxruntime.so.1 was not found "
            + (path is null ? "beside the program or on the library path" : $"at {path}");
        return null;
    }

    /// <summary>Slot of the table, to be cast by the caller to the function's type.</summary>
    public void* this[Slot slot] => _table[(int)slot];

    /// <summary>Throws what a status says, and releases it. Null is success.</summary>
    public void Check(void* status)
    {
        if (status is not null) Throw(status);
    }

    /// <summary>Text and code of a status, which is released.</summary>
    public (OrtErrorCode Code, string Text) Take(void* status)
    {
        var code = (OrtErrorCode)((delegate* unmanaged<void*, int>)this[Slot.GetErrorCode])(status);
        var text = ((delegate* unmanaged<void*, byte*>)this[Slot.GetErrorMessage])(status);
        var message = Marshal.PtrToStringUTF8((nint)text) ?? "";
        Release(Slot.ReleaseStatus, status);
        return (code, message);
    }

    /// <summary>Calls one of the <c>Release…</c> functions.</summary>
    public void Release(Slot slot, void* pointer) => ((delegate* unmanaged<void*, void>)this[slot])(pointer);

    /// <summary>Zero-terminated UTF-8 for names.</summary>
    public static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text + '\0');

    private void Throw(void* status)
    {
        var (code, text) = Take(status);
        throw new OrtException(code, text);
    }

    private static IEnumerable<string> Candidates(string? path)
    {
        if (path is not null) return [path];
        return [Path.Combine(AppContext.BaseDirectory, "libonnxruntime.so.1"), "libonnxruntime.so.1", "libonnxruntime.so"];
    }

    [StructLayout(LayoutKind.Sequential)]
    private readonly struct ApiBase
    {
        public readonly delegate* unmanaged<uint, void*> GetApi;
        public readonly delegate* unmanaged<byte*> GetVersionString;
    }
}
