using System.Runtime.InteropServices;

namespace WafOperator.OnnxRuntime;

/// <summary>Owns one native object and releases it with the right <c>Release…</c> function, exactly once.</summary>
internal sealed unsafe class OrtHandle : SafeHandle
{
    private readonly NativeApi _api;
    private readonly Slot _release;

    public OrtHandle(NativeApi api, Slot release, void* pointer) : base(0, ownsHandle: true)
    {
        _api = api;
        _release = release;
        SetHandle((nint)pointer);
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>The pointer; the caller keeps this object alive over the call.</summary>
    public void* Pointer => !IsClosed ? (void*)handle : throw new ObjectDisposedException(_release.ToString());

    protected override bool ReleaseHandle()
    {
        _api.Release(_release, (void*)handle);
        return true;
    }
}
