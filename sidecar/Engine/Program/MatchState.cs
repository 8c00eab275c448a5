using WafOperator.Engine.Values;
using WafOperator.Http;

namespace WafOperator.Engine.Program;

/// <summary>
/// What an operator may use while it tests a value, and where it leaves what it captured. One per transaction.
/// </summary>
internal sealed class MatchState(
    IMacroReader macros, TransactionMemory memory, StepMeter meter, EngineLimits limits)
{
    /// <summary>Groups TX.0 to TX.9 hold at most.</summary>
    public const int GroupsMax = 10;

    /// <summary>
    /// The captures as offsets into the tested value; a length below zero means that the group did not take part.
    /// </summary>
    public Slice[] Groups { get; } = new Slice[GroupsMax];

    /// <summary>How many of <see cref="Groups"/> are set.</summary>
    public int GroupCount { get; set; }

    /// <summary>A capture that is not a part of the value (a detector's fingerprint).</summary>
    public Text? Computed { get; private set; }

    /// <summary>Whether the rule wants captures at all.</summary>
    public bool WantsGroups { get; set; }

    /// <summary>Steps regular expressions used in this transaction, in units of their own.</summary>
    public long RegexSteps { get; set; }

    /// <summary>The steps one search through a value of so many bytes may use now.</summary>
    public long TakeRegexSteps(int bytes) => Math.Max(0, Math.Min(
        Math.Min(
            limits.RegexStepsPerSearchMax + (limits.RegexStepsPerByteMax * bytes),
            meter.Left / StepMeter.RegexStep),
        limits.RegexStepsMax + (limits.RegexStepsPerByteMax * meter.Bytes) - RegexSteps));

    public void ReturnRegexSteps(long used, bool isExceeded)
    {
        RegexSteps += used;
        meter.Spend(used * StepMeter.RegexStep);
        if (isExceeded)
        {
            meter.NoteCutSearch();
        }
    }

    /// <summary>
    /// Spends steps before the work; false, and the transaction is exhausted, where they are not left.
    /// </summary>
    public bool TrySpend(long steps) => meter.TrySpend(steps);

    /// <summary>Steps that work which pays as it goes may use now.</summary>
    public long StepsLeft => meter.Left;

    /// <summary>Spends what such work used; where that is more than was left, the transaction is exhausted.</summary>
    public void SpendAll(long steps) => meter.SpendAll(steps);

    public void Clear()
    {
        GroupCount = 0;
        Computed = null;
    }

    /// <summary>Leaves one capture, the whole match.</summary>
    public void Capture(int start, int length)
    {
        Groups[0] = new Slice(start, length);
        GroupCount = 1;
    }

    /// <summary>Leaves a capture that is not a part of the value.</summary>
    public void Compute(ReadOnlySpan<byte> bytes) => Computed = memory.Append(bytes);

    /// <summary>A macro's text, expanded.</summary>
    public ReadOnlySpan<byte> Expand(Macro macro) => memory[macros.Expand(macro)];

    /// <summary>A macro's value as a number.</summary>
    public long ExpandNumber(Macro macro) => macros.ExpandNumber(macro);
}
