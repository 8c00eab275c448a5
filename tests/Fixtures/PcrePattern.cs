using System.Runtime.InteropServices;
using WafOperator.Matching;
using WafOperator.SecLang.Regex;

namespace WafOperator.Fixtures;

/// <summary>A pattern compiled by PCRE2.</summary>
public sealed class PcrePattern : IDisposable
{
    private const int NoMatch = -1;

    private readonly nint _code;
    private readonly nint _data;
    private readonly nint _context;

    private PcrePattern(nint code)
    {
        _code = code;
        _data = PcreLibrary.CreateMatchData(code, 0);
        _context = PcreLibrary.CreateMatchContext(0);
        _ = PcreLibrary.SetMatchLimit(_context, 200_000);
    }

    /// <summary>Compiles; null where PCRE2 refuses the pattern.</summary>
    public static PcrePattern? TryCompile(byte[] pattern, RegexFlags flags)
    {
        var code = PcreLibrary.Compile(pattern, (nuint)pattern.Length, PcreLibrary.Options(flags), out _, out _, 0);
        return code == 0 ? null : new(code);
    }

    /// <summary>Searches; null where PCRE2 gave up at its limit.</summary>
    public (RegexOutcome Outcome, Capture[] Groups)? Match(byte[] input, int start, int groupCount)
    {
        var result = PcreLibrary.Match(_code, input, (nuint)input.Length, (nuint)start, 0, _data, _context);
        if (result == NoMatch) return (RegexOutcome.NoMatch, []);
        if (result < 0) return null;
        var groups = new Capture[groupCount];
        var offsets = PcreLibrary.Offsets(_data);
        for (var group = 0; group < groupCount; group++)
        {
            var from = Marshal.ReadIntPtr(offsets, group * 2 * nint.Size);
            var to = Marshal.ReadIntPtr(offsets, ((group * 2) + 1) * nint.Size);
            groups[group] = from < 0 || group >= result ? Capture.None : new((int)from, Math.Max(0, (int)(to - from)));
        }

        return (RegexOutcome.Match, groups);
    }

    public void Dispose()
    {
        PcreLibrary.FreeMatchContext(_context);
        PcreLibrary.FreeMatchData(_data);
        PcreLibrary.FreeCode(_code);
    }
}
