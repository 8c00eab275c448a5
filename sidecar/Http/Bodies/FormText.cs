using System.Buffers;
using System.Text.Unicode;

namespace WafOperator.Http.Bodies;

/// <summary>Tells what browsers and libraries send as a form from other bytes. Pure.</summary>
internal static class FormText
{
    /// <summary>What every program that makes forms escapes, and other languages are written with.</summary>
    private static readonly SearchValues<byte> Controls =
        SearchValues.Create([.. Enumerable.Range(0, 0x20).Select(value => (byte)value), 0x7f]);

    /// <summary>
    /// True for bytes that a form does not have: more than one line, control bytes, bytes that are no text in UTF-8,
    /// escapes of other languages.
    /// </summary>
    public static bool IsOdd(ReadOnlySpan<byte> form)
    {
        form = form.TrimEnd("\r\n"u8);
        return form.ContainsAny(Controls) || !Utf8.IsValid(form) || TextEscapes.HoldsOwn(form);
    }
}
