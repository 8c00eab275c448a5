using System.Runtime.InteropServices;
using WafOperator.SecLang.Regex;

namespace WafOperator.Fixtures;

/// <summary>PCRE2 itself (Debian's libpcre2-8-0), the reference that our engine is compared with. Tests only.</summary>
public static partial class PcreLibrary
{
    private const string Library = "libpcre2-8.so.0";

    public static string? MissingReason { get; } = Probe();

    [LibraryImport(Library, EntryPoint = "pcre2_compile_8")]
    internal static partial nint Compile(
        ReadOnlySpan<byte> pattern, nuint length, uint options, out int error, out nuint offset, nint context);

    [LibraryImport(Library, EntryPoint = "pcre2_code_free_8")]
    internal static partial void FreeCode(nint code);

    [LibraryImport(Library, EntryPoint = "pcre2_match_data_create_from_pattern_8")]
    internal static partial nint CreateMatchData(nint code, nint context);

    [LibraryImport(Library, EntryPoint = "pcre2_match_data_free_8")]
    internal static partial void FreeMatchData(nint data);

    [LibraryImport(Library, EntryPoint = "pcre2_match_context_create_8")]
    internal static partial nint CreateMatchContext(nint general);

    [LibraryImport(Library, EntryPoint = "pcre2_match_context_free_8")]
    internal static partial void FreeMatchContext(nint context);

    [LibraryImport(Library, EntryPoint = "pcre2_set_match_limit_8")]
    internal static partial int SetMatchLimit(nint context, uint limit);

    [LibraryImport(Library, EntryPoint = "pcre2_match_8")]
    internal static partial int Match(
        nint code, ReadOnlySpan<byte> subject, nuint length, nuint start, uint options, nint data, nint context);

    [LibraryImport(Library, EntryPoint = "pcre2_get_ovector_pointer_8")]
    internal static partial nint Offsets(nint data);

    /// <summary>
    /// The flags as PCRE2's options, with PCRE2_NO_AUTO_POSSESS: version 10.42 wrongly makes `\R??` before `\s`
    /// possessive.
    /// </summary>
    internal static uint Options(RegexFlags flags) =>
        0x4000u | (flags.IgnoreCase ? 0x8u : 0) | (flags.DollarIsVeryEnd ? 0x10u : 0)
        | (flags.DotMatchesLineFeed ? 0x20u : 0) | (flags.Extended ? 0x80u : 0) | (flags.Multiline ? 0x400u : 0);

    private static string? Probe()
    {
        if (!NativeLibrary.TryLoad(Library, out var handle))
            return $"{Library} is not installed (Debian: libpcre2-8-0)";
        NativeLibrary.Free(handle);
        return null;
    }
}

/// <summary>A test that needs PCRE2, and says so where it is missing.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PcreFactAttribute : FactAttribute
{
    public PcreFactAttribute() => Skip = PcreLibrary.MissingReason;
}

/// <summary>As <see cref="PcreFactAttribute"/>, for theories.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PcreTheoryAttribute : TheoryAttribute
{
    public PcreTheoryAttribute() => Skip = PcreLibrary.MissingReason;
}
