using System.Runtime.InteropServices;

namespace WafOperator.Fuzz.Detectors;

/// <summary>
/// libinjection, the detector that ModSecurity uses, called in the library it is built into (Debian: libmodsecurity3).
/// Only for comparison; nothing of it is part of the product.
/// </summary>
internal sealed unsafe class PeerDetector
{
    private readonly delegate* unmanaged[Cdecl]<byte*, nuint, byte*, int> _sql;
    private readonly delegate* unmanaged[Cdecl]<byte*, nuint, int> _script;

    public PeerDetector(string library)
    {
        var handle = NativeLibrary.Load(library);
        _sql = (delegate* unmanaged[Cdecl]<byte*, nuint, byte*, int>)NativeLibrary.GetExport(handle,
            "libinjection_sqli");
        _script = (delegate* unmanaged[Cdecl]<byte*, nuint, int>)NativeLibrary.GetExport(handle, "libinjection_xss");
    }

    public bool IsSql(ReadOnlySpan<byte> value)
    {
        if (value.IsEmpty) return false;
        var fingerprint = stackalloc byte[16];
        fixed (byte* start = value) return _sql(start, (nuint)value.Length, fingerprint) != 0;
    }

    public bool IsScript(ReadOnlySpan<byte> value)
    {
        if (value.IsEmpty) return false;
        fixed (byte* start = value) return _script(start, (nuint)value.Length) != 0;
    }
}
