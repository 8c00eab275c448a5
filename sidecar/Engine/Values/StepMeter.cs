// One unit for every kind of work, so that one limit bounds them all. A step is meant to take at most a nanosecond of a
// quiet core; what each kind of work counts for was fitted with the hostile requests of
// `dotnet run -c Release --project tests/Benchmarks -- engine`, which prints the nanoseconds that a step took in each.
using System.Runtime.CompilerServices;

namespace WafOperator.Engine.Values;

/// <summary>Counts the steps of one transaction against its limit.</summary>
internal sealed class StepMeter
{
    /// <summary>A byte the request's reader took in or decoded.</summary>
    public const int ReadByte = 1;

    /// <summary>An argument, header or other named item of the request.</summary>
    public const int ReadItem = 64;

    /// <summary>A pass over a value for the literals of all rules: to begin it, and for each byte.</summary>
    public const int Scan = 160;
    public const int ScanByte = 2;

    /// <summary>Sorting one value to the rules that read it, for each chain of transformations.</summary>
    public const int Sort = 16;

    /// <summary>A transformation: to begin it, and for each byte it writes; a byte it reads is one step.</summary>
    public const int Transform = 24;
    public const int TransformByte = 3;

    /// <summary>Looking at a value to see whether a rule means it.</summary>
    public const int Look = 4;

    /// <summary>A test: to begin it. What the operator reads is its own to tell.</summary>
    public const int Test = 48;

    /// <summary>A step of the regex engine: some bytes from a table, or one instruction.</summary>
    public const int RegexStep = 6;

    /// <summary>Compiling a pattern that is only known now, for each byte of it.</summary>
    public const int CompileByte = 2_000;

    /// <summary>A match, with what follows from it.</summary>
    public const int Match = 600;

    /// <summary>A byte written to the transaction's memory.</summary>
    public const int WriteByte = 1;

    private long _used;
    private long _limit;
    private readonly long _max;
    private readonly long _perByte;

    /// <param name="max">Steps any transaction may spend.</param>
    /// <param name="perByte">Further steps for each byte of the request and of the response's body.</param>
    public StepMeter(long max, long perByte)
    {
        (_max, _perByte) = (max, perByte);
        _limit = max;
    }

    /// <summary>Steps so far.</summary>
    public long Used => _used;

    /// <summary>Whether the limit is passed.</summary>
    public bool IsSpent => _used > _limit;

    /// <summary>Steps that are left, at least 0.</summary>
    public long Left => Math.Max(0, _limit - _used);

    /// <summary>Bytes that were added to the limit's account so far.</summary>
    public long Bytes { get; private set; }

    /// <summary>There are more bytes to read: more work is in order.</summary>
    public void Allow(long bytes)
    {
        Bytes += bytes;
        _limit = _max + (_perByte * Bytes);
    }

    /// <summary>
    /// Whether work was left out because a bound on work or memory was reached; stays so until the reset.
    /// </summary>
    public bool IsExhausted { get; private set; }

    /// <summary>Searches that ended at their limit of steps without an answer.</summary>
    public int SearchesCut { get; private set; }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Spend(long steps) => _used += steps;

    /// <summary>
    /// Spends steps before the work; false, and the transaction is exhausted, where they are not left.
    /// </summary>
    public bool TrySpend(long steps)
    {
        if (steps > Left)
        {
            IsExhausted = true;
            return false;
        }

        _used += steps;
        return true;
    }

    /// <summary>
    /// Spends what work used that pays as it goes; where that is more than was left, the transaction is exhausted.
    /// </summary>
    public void SpendAll(long steps)
    {
        IsExhausted |= steps > Left;
        _used += steps;
    }

    public void Exhaust() => IsExhausted = true;

    public void NoteCutSearch()
    {
        SearchesCut++;
        IsExhausted = true;
    }

    public void Reset()
    {
        _used = 0;
        Bytes = 0;
        SearchesCut = 0;
        IsExhausted = false;
        _limit = _max;
    }
}
