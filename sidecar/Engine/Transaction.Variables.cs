using WafOperator.Engine.Compilation;
using WafOperator.Engine.Evaluation;
using WafOperator.Engine.Variables;
using WafOperator.Http;
using WafOperator.SecLang;

namespace WafOperator.Engine;

/// <content>Macros, and variables that change while rules run.</content>
public sealed partial class Transaction
{
    private long _startedAt;
    private CollectionKeys _collections;
    private Text _sessionId;
    private Text _userId;

    /// <summary>The keys <c>initcol</c> and <c>setsid</c> chose; empty ones are not chosen.</summary>
    private struct CollectionKeys
    {
        public Text Ip;
        public Text Global;
        public Text Session;
        public Text Resource;
        public Text User;
    }

    /// <summary>The text of a macro; a constant one, or one that is a single variable, is not copied.</summary>
    internal Text Expand(Macro macro)
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

        var mark = Memory.Mark();
        foreach (var piece in pieces[..count])
        {
            var room = _parts.Options.Limits.VariableBytesMax - (Memory.Mark() - mark);
            Memory.Extend(piece.Length <= room ? piece : piece.Sub(0, Math.Max(0, room)));
        }

        Meter.Spend((long)StepMeter.WriteByte * (Memory.Mark() - mark));
        return Memory.Since(mark);
    }

    /// <summary>A macro's value as a number.</summary>
    internal long ExpandNumber(Macro macro) =>
        macro.IsConstant ? macro.ConstantNumber
        : macro.SingleSlot >= 0 ? Tx.Number(macro.SingleSlot)
        : TransactionMemory.ParseNumber(Memory[Expand(macro)]);

    /// <summary>The name of a matched member as MATCHED_VAR_NAME shows it.</summary>
    internal Text VariableName(VariableId variable, in Value value)
    {
        var mark = Memory.Mark();
        Memory.Append(VariableNames.Of(variable));
        if (!value.Name.IsEmpty)
        {
            Memory.Append(":"u8);
            Memory.Extend(value.Name);
        }

        Meter.Spend((long)StepMeter.WriteByte * (Memory.Mark() - mark));
        return Memory.Since(mark);
    }

    internal void UseCollection(VariableId collection, Text key)
    {
        switch (collection)
        {
            case VariableId.Ip:
                _collections.Ip = key;
                break;
            case VariableId.Global:
                _collections.Global = key;
                break;
            case VariableId.Session:
                _collections.Session = key;
                break;
            case VariableId.Resource:
                _collections.Resource = key;
                break;
            case VariableId.User:
                _collections.User = key;
                break;
        }
    }

    internal void UseSession(Text id) => _sessionId = id;

    internal void UseUser(Text id) => _userId = id;

    /// <summary>
    /// The record of a persistent collection, or null where none was chosen (or, unless asked to be made, none exists).
    /// </summary>
    internal CollectionRecord? Record(VariableId collection, bool create)
    {
        var key = collection switch
        {
            VariableId.Ip => _collections.Ip,
            VariableId.Global => _collections.Global,
            VariableId.Session => _collections.Session,
            VariableId.Resource => _collections.Resource,
            _ => _collections.User,
        };
        if (key.IsEmpty)
        {
            return null;
        }

        return create
            ? Program.Collections.FindOrAdd(Memory[key], _parts.Settings.CollectionTimeout)
            : Program.Collections.Find(Memory[key]);
    }

    internal static bool IsPersistent(VariableId id) => id is >= VariableId.Ip and <= VariableId.User;

    private Text Read(in MacroPart part)
    {
        if (part.Slot >= 0)
        {
            return Tx.IsSet(part.Slot) ? Tx.Read(part.Slot) : Text.Empty;
        }

        switch (part.Variable)
        {
            case VariableId.Tx:
                return part.Name is not null && Tx.TryRead(part.Name, part.NameHash,
                    out var value) ? value : Text.Empty;
            case VariableId.Env:
                return part.Name is not null && Environment.TryRead(part.Name, part.NameHash,
                    out var env) ? env : Text.Empty;
            case VariableId.MatchedVar or VariableId.MatchedVars:
                return _matched.Last.Bytes;
            case VariableId.MatchedVarName or VariableId.MatchedVarsNames:
                return _matched.Variable == VariableId.None ? Text.Empty : VariableName(_matched.Variable,
                    _matched.Last);
            case VariableId.Rule:
                return part.Name is null ? Text.Empty : ReadRule(part.Name);
        }

        if (IsPersistent(part.Variable))
        {
            return part.Name is not null && Record(part.Variable, create: false) is { } record
                && record.TryRead(part.Name, Program.Collections.NowMilliseconds, Memory, out var stored)
                ? stored
                : Text.Empty;
        }

        if (part.Variable > VariableNames.LastStatic)
        {
            return ReadScalar(part.Variable);
        }

        var list = _values[part.Variable];
        for (var i = 0; i < list.Count; i++)
        {
            if (part.Name is null
                || (list[i].NameHash == part.NameHash && Ascii.EqualsIgnoreCase(Memory[list[i].Name], part.Name)))
            {
                return list[i].Bytes;
            }
        }

        return Text.Empty;
    }

    internal CompiledRule? CurrentRule { get; set; }

    private Text ReadRule(ReadOnlySpan<byte> field)
    {
        var rule = CurrentRule;
        if (rule is null)
        {
            return Text.Empty;
        }

        return field switch
        {
            _ when field.SequenceEqual("id"u8) => Memory.Format(rule.Id),
            _ when field.SequenceEqual("severity"u8) => Memory.Format((int)rule.Severity),
            _ when field.SequenceEqual("msg"u8) => rule.Message is null ? Text.Empty : Expand(rule.Message),
            _ when field.SequenceEqual("logdata"u8) => rule.Data is null ? Text.Empty : Expand(rule.Data),
            _ when field.SequenceEqual("rev"u8) => Memory.Append(System.Text.Encoding.UTF8.GetBytes(rule.Revision)),
            _ when field.SequenceEqual("ver"u8) => Memory.Append(System.Text.Encoding.UTF8.GetBytes(rule.Version)),
            _ => Text.Empty,
        };
    }

    private void ListDynamic(Target target, ValueList into)
    {
        switch (target.Variable)
        {
            case VariableId.Tx or VariableId.Env:
                (target.Variable == VariableId.Tx ? Tx : Environment).List(into, target.Pattern, target.FittingSlots);
                return;
            case VariableId.MatchedVars:
                for (var i = 0; i < _matched.Count; i++)
                {
                    var (_, value) = _matched[i];
                    into.Add(Value.Of(value.Name, value.Bytes, value.NameHash));
                }

                return;
            case VariableId.MatchedVarsNames:
                for (var i = 0; i < _matched.Count; i++)
                {
                    var (variable, value) = _matched[i];
                    into.Add(Value.Of(value.Name, VariableName(variable, value), value.NameHash));
                }

                return;
            case VariableId.Rule:
                var field = target.Kind == SelectorKind.Name ? ReadRule(target.Name) : Text.Empty;
                Add(into, Memory.Append(target.Name), field, target.NameHash);
                return;
        }

        if (IsPersistent(target.Variable))
        {
            Record(target.Variable, create: false)?.List(into, Program.Collections.NowMilliseconds, Memory);
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
                return _matched.Last.Bytes;
            case VariableId.MatchedVarName:
                return _matched.Variable == VariableId.None ? Text.Empty : VariableName(_matched.Variable,
                    _matched.Last);
            case VariableId.ReqBodyProcessor:
                return _values[id][0].Bytes;
            case VariableId.HighestSeverity:
                return Memory.Format(_highestSeverity);
            case VariableId.WebAppId:
                return Memory.Append(Program.WebAppIdBytes);
            case VariableId.SessionId:
                return _sessionId;
            case VariableId.UserId:
                return _userId;
            case VariableId.PcreLimitsExceeded:
                return RegexLimitsExceeded > 0 ? Memory.Append("1"u8) : Text.Empty;
            case VariableId.Duration:
                var elapsed = _parts.Options.Time.GetElapsedTime(_startedAt);
                return Memory.Format((long)elapsed.TotalMicroseconds);
        }

        return id == VariableId.None ? Text.Empty : ReadTime(id);
    }

    private Text ReadTime(VariableId id)
    {
        var now = _parts.Options.Time.GetUtcNow();
        return id switch
        {
            VariableId.Time => TimeOfDay(now),
            VariableId.TimeDay => Memory.Format(now.Day),
            VariableId.TimeEpoch => Memory.Format(now.ToUnixTimeSeconds()),
            VariableId.TimeHour => Memory.Format(now.Hour),
            VariableId.TimeMin => Memory.Format(now.Minute),
            VariableId.TimeMon => Memory.Format(now.Month - 1),
            VariableId.TimeSec => Memory.Format(now.Second),
            VariableId.TimeWday => Memory.Format((int)now.DayOfWeek),
            _ => Memory.Format(now.Year),
        };
    }

    private Text TimeOfDay(DateTimeOffset now)
    {
        if (!Memory.Reserve(8))
        {
            return Text.Empty;
        }

        now.TryFormat(Memory.Arena.Tail, out var written, "HH:mm:ss");
        return new Text(Origin.Own, Memory.Arena.Commit(written));
    }
}
