using WafOperator.Engine.Program;
using WafOperator.Engine.Values;
using WafOperator.Engine.Variables;
using WafOperator.SecLang;

namespace WafOperator.Engine.Evaluation;

/// <summary>
/// Reads variables that change while rules run: TX and ENV, the last match, the rule itself, the clock, collections
/// that outlive the request; and expands macros.
/// </summary>
internal sealed class VariableReader(Workspace work, ChosenRecords records) : IMacroReader
{
    private readonly TransactionMemory _memory = work.Memory;
    private readonly VariableStore _tx = work.Tx;

    /// <inheritdoc/>
    public Text Expand(Macro macro)
    {
        if (macro.IsConstant)
        {
            return macro.Constant;
        }

        if (macro.Parts.Length == 1)
        {
            return Read(macro.Parts[0]);
        }

        // Values are read first: reading may itself write to the arena's end.
        Span<Text> pieces = stackalloc Text[16];
        var count = Math.Min(macro.Parts.Length, pieces.Length);
        for (var i = 0; i < count; i++)
        {
            pieces[i] = macro.Parts[i].IsConstant ? macro.Parts[i].Constant : Read(macro.Parts[i]);
        }

        var mark = _memory.Mark();
        foreach (var piece in pieces[..count])
        {
            var room = work.Parts.Options.Limits.VariableBytesMax - (_memory.Mark() - mark);
            _memory.Extend(piece.Length <= room ? piece : piece.Sub(0, Math.Max(0, room)));
        }

        work.Meter.Spend((long)StepMeter.WriteByte * (_memory.Mark() - mark));
        return _memory.Since(mark);
    }

    /// <inheritdoc/>
    public long ExpandNumber(Macro macro) =>
        macro.IsConstant ? macro.ConstantNumber
        : macro.SingleSlot >= 0 ? _tx.Number(macro.SingleSlot)
        : TransactionMemory.ParseNumber(_memory[Expand(macro)]);

    /// <summary>The name of a matched member as MATCHED_VAR_NAME shows it.</summary>
    public Text NameOf(VariableId variable, in Value value)
    {
        var mark = _memory.Mark();
        _memory.Append(VariableNames.Of(variable));
        if (!value.Name.IsEmpty)
        {
            _memory.Append(":"u8);
            _memory.Extend(value.Name);
        }

        work.Meter.Spend((long)StepMeter.WriteByte * (_memory.Mark() - mark));
        return _memory.Since(mark);
    }

    private Text Read(in MacroPart part)
    {
        if (part.Slot >= 0)
        {
            return _tx.IsSet(part.Slot) ? _tx.Read(part.Slot) : Text.Empty;
        }

        switch (part.Variable)
        {
            case VariableId.Tx:
                return part.Name is not null && _tx.TryRead(part.Name, part.NameHash,
                    out var value) ? value : Text.Empty;
            case VariableId.Env:
                return part.Name is not null && work.Environment.TryRead(part.Name, part.NameHash,
                    out var env) ? env : Text.Empty;
            case VariableId.MatchedVar or VariableId.MatchedVars:
                return work.Matched.Last.Bytes;
            case VariableId.MatchedVarName or VariableId.MatchedVarsNames:
                return work.Matched.Variable == VariableId.None ? Text.Empty : NameOf(work.Matched.Variable,
                    work.Matched.Last);
            case VariableId.Rule:
                return part.Name is null ? Text.Empty : ReadRule(part.Name);
        }

        if (VariableNames.IsPersistent(part.Variable))
        {
            return part.Name is not null && records.Find(part.Variable, create: false) is { } record
                && record.TryRead(part.Name, work.Program.Collections.NowMilliseconds, _memory, out var stored)
                ? stored
                : Text.Empty;
        }

        if (part.Variable > VariableNames.LastStatic)
        {
            return ReadScalar(part.Variable);
        }

        var list = work.Values[part.Variable];
        for (var i = 0; i < list.Count; i++)
        {
            if (part.Name is null
                || (list[i].NameHash == part.NameHash && Ascii.EqualsIgnoreCase(_memory[list[i].Name], part.Name)))
            {
                return list[i].Bytes;
            }
        }

        return Text.Empty;
    }

    private Text ReadRule(ReadOnlySpan<byte> field)
    {
        var rule = work.CurrentRule;
        if (rule is null)
        {
            return Text.Empty;
        }

        return field switch
        {
            _ when field.SequenceEqual("id"u8) => _memory.Format(rule.Id),
            _ when field.SequenceEqual("severity"u8) => _memory.Format((int)rule.Severity),
            _ when field.SequenceEqual("msg"u8) => rule.Message is null ? Text.Empty : Expand(rule.Message),
            _ when field.SequenceEqual("logdata"u8) => rule.Data is null ? Text.Empty : Expand(rule.Data),
            _ when field.SequenceEqual("rev"u8) => _memory.Append(System.Text.Encoding.UTF8.GetBytes(rule.Revision)),
            _ when field.SequenceEqual("ver"u8) => _memory.Append(System.Text.Encoding.UTF8.GetBytes(rule.Version)),
            _ => Text.Empty,
        };
    }

    /// <summary>Adds the members that a target names of a collection that changes while rules run.</summary>
    public void List(Target target, ValueList into)
    {
        switch (target.Variable)
        {
            case VariableId.Tx or VariableId.Env:
                var store = target.Variable == VariableId.Tx ? _tx : work.Environment;
                store.List(into, target.Pattern, target.FittingSlots);
                return;
            case VariableId.MatchedVars:
                for (var i = 0; i < work.Matched.Count; i++)
                {
                    var (_, value) = work.Matched[i];
                    into.Add(Value.Of(value.Name, value.Bytes, value.NameHash));
                }

                return;
            case VariableId.MatchedVarsNames:
                for (var i = 0; i < work.Matched.Count; i++)
                {
                    var (variable, value) = work.Matched[i];
                    into.Add(Value.Of(value.Name, NameOf(variable, value), value.NameHash));
                }

                return;
            case VariableId.Rule:
                var field = target.Kind == SelectorKind.Name ? ReadRule(target.Name) : Text.Empty;
                Add(into, _memory.Append(target.Name), field, target.NameHash);
                return;
        }

        if (VariableNames.IsPersistent(target.Variable))
        {
            records.Find(target.Variable, create: false)?.List(into, work.Program.Collections.NowMilliseconds, _memory);
            return;
        }

        Add(into, Text.Empty, ReadScalar(target.Variable), 0);
    }

    private static void Add(ValueList into, Text name, Text bytes, uint hash)
    {
        if (!bytes.IsEmpty)
        {
            into.Add(Value.Of(name, bytes, hash));
        }
    }

    private Text ReadScalar(VariableId id)
    {
        switch (id)
        {
            case VariableId.MatchedVar:
                return work.Matched.Last.Bytes;
            case VariableId.MatchedVarName:
                return work.Matched.Variable == VariableId.None ? Text.Empty : NameOf(work.Matched.Variable,
                    work.Matched.Last);
            case VariableId.ReqBodyProcessor:
                return work.Values[id][0].Bytes;
            case VariableId.HighestSeverity:
                return _memory.Format(work.HighestSeverity);
            case VariableId.WebAppId:
                return _memory.Append(work.Program.WebAppIdBytes);
            case VariableId.SessionId:
                return records.SessionId;
            case VariableId.UserId:
                return records.UserId;
            case VariableId.PcreLimitsExceeded:
                return work.Meter.SearchesCut > 0 ? _memory.Append("1"u8) : Text.Empty;
            case VariableId.Duration:
                var elapsed = work.Parts.Options.Time.GetElapsedTime(work.StartedAt);
                return _memory.Format((long)elapsed.TotalMicroseconds);
        }

        return id == VariableId.None ? Text.Empty : ReadTime(id);
    }

    private Text ReadTime(VariableId id)
    {
        var now = work.Parts.Options.Time.GetUtcNow();
        return id switch
        {
            VariableId.Time => TimeOfDay(now),
            VariableId.TimeDay => _memory.Format(now.Day),
            VariableId.TimeEpoch => _memory.Format(now.ToUnixTimeSeconds()),
            VariableId.TimeHour => _memory.Format(now.Hour),
            VariableId.TimeMin => _memory.Format(now.Minute),
            VariableId.TimeMon => _memory.Format(now.Month - 1),
            VariableId.TimeSec => _memory.Format(now.Second),
            VariableId.TimeWday => _memory.Format((int)now.DayOfWeek),
            _ => _memory.Format(now.Year),
        };
    }

    private Text TimeOfDay(DateTimeOffset now)
    {
        if (!_memory.Reserve(8))
        {
            return Text.Empty;
        }

        now.TryFormat(_memory.Arena.Tail, out var written, "HH:mm:ss");
        return new Text(Origin.Own, _memory.Arena.Commit(written));
    }
}
