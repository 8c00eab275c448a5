using System.Text.Unicode;

namespace WafOperator.Http.Decoding;

/// <summary>What a run of bytes says about its encoding.</summary>
public static class Utf8Facts
{
    /// <summary>Zero bytes, overlong and invalid UTF-8. One vectorised pass for plain ASCII.</summary>
    public static Anomalies Of(ReadOnlySpan<byte> value)
    {
        var found = value.Contains((byte)0) ? Anomalies.NulByte : Anomalies.None;
        if (!value.ContainsAnyInRange((byte)0x80, (byte)0xff)) return found;
        if (HoldsOverlong(value)) found |= Anomalies.OverlongUtf8;
        if (!Utf8.IsValid(value)) found |= Anomalies.InvalidUtf8;
        return found;
    }

    /// <summary>True when a sequence encodes a code point in more bytes than it needs (RFC 3629 section 3).</summary>
    public static bool HoldsOverlong(ReadOnlySpan<byte> value)
    {
        for (var i = 0; i + 1 < value.Length; i++)
        {
            var lead = value[i];
            if (lead < 0xc0) continue;
            var next = value[i + 1];
            if ((next & 0xc0) != 0x80) continue;
            if (lead is 0xc0 or 0xc1) return true;
            if (lead == 0xe0 && next < 0xa0 && IsContinuation(value, i + 2)) return true;
            if (lead == 0xf0 && next < 0x90 && IsContinuation(value, i + 2)) return true;
        }

        return false;
    }

    private static bool IsContinuation(ReadOnlySpan<byte> value, int index) =>
        index < value.Length && (value[index] & 0xc0) == 0x80;
}
