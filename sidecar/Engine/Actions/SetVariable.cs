// Description: writes a variable of TX or of a persistent collection: setvar.
// Arguments:   collection.name (1), collection.name=value, =+number, =-number, !collection.name (unset); macros in name
// and value.
// Example:     SecAction "id:1,phase:1,pass,setvar:tx.score=+%{tx.critical_anomaly_score}"
using WafOperator.Engine.Program;
using WafOperator.Engine.Values;
using WafOperator.Engine.Variables;

namespace WafOperator.Engine.Actions;

/// <summary>How a variable is written.</summary>
internal enum SetOperation : byte
{
    Assign,
    Add,
    Subtract,
    Unset,
}

/// <inheritdoc/>
internal sealed class SetVariable(VariableId collection, Macro name, int slot, SetOperation operation, Macro value)
    : RuleAction
{
    /// <summary>The place in TX, or -1 where the name is only known when the rule runs.</summary>
    public int Slot => collection == VariableId.Tx ? slot : -1;

    public bool WritesTx => collection == VariableId.Tx;

    /// <summary>It counts up.</summary>
    public bool Adds => operation == SetOperation.Add;

    /// <summary>Whether name and value depend on nothing but TX variables with known names.</summary>
    public bool IsOfTransaction => Slot >= 0 && value.Parts.All(part => part.IsConstant || part.Slot >= 0);

    /// <summary>
    /// Whether a name with macros can turn out to be the name of a place: it then starts with the same constant bytes.
    /// </summary>
    public bool MayName(NameTable names, int place) =>
        name.Parts.Length == 0 || !name.Parts[0].IsConstant || names.StartsWith(place, name.Parts[0].Constant);

    public override void Execute(Transaction transaction, CompiledRule rule)
    {
        if (collection == VariableId.Tx && slot >= 0)
        {
            SetSlot(transaction);
        }
        else if (collection == VariableId.Tx)
        {
            SetByName(transaction, transaction.Work.Tx);
        }
        else
        {
            SetStored(transaction);
        }
    }

    private void SetSlot(Transaction transaction)
    {
        var tx = transaction.Work.Tx;
        switch (operation)
        {
            case SetOperation.Unset:
                tx.Unset(slot);
                break;
            case SetOperation.Assign:
                tx.SetText(slot, transaction.Reader.Expand(value));
                break;
            default:
                tx.SetNumber(slot, Sum(tx.Number(slot), Change(transaction)));
                break;
        }
    }

    private void SetByName(Transaction transaction, VariableStore store)
    {
        var key = transaction.Reader.Expand(name);
        var entry = operation switch
        {
            SetOperation.Unset => default(VariableStore.Entry),
            SetOperation.Assign => new VariableStore.Entry { IsSet = true, Text = transaction.Reader.Expand(value) },
            _ => new VariableStore.Entry { IsSet = true, IsNumber = true,
                Number = Sum(store.NumberOf(key), Change(transaction)) },
        };
        store.Set(key, entry);
    }

    private void SetStored(Transaction transaction)
    {
        if (transaction.Work.IsTrial)
        {
            return;
        }

        var record = transaction.Records.Find(collection, create: operation != SetOperation.Unset);
        if (record is null)
        {
            return;
        }

        var key = transaction.Work.Memory[transaction.Reader.Expand(name)];
        var now = transaction.Program.Collections.NowMilliseconds;
        switch (operation)
        {
            case SetOperation.Unset:
                record.Unset(key, now);
                break;
            case SetOperation.Assign:
                record.Set(key, transaction.Work.Memory[transaction.Reader.Expand(value)], now);
                break;
            default:
                record.Add(key, Change(transaction), now);
                break;
        }
    }

    private long Change(Transaction transaction)
    {
        var change = transaction.Reader.ExpandNumber(value);
        if (operation != SetOperation.Subtract)
        {
            return change;
        }

        return change == long.MinValue ? long.MaxValue : -change;
    }

    /// <summary>A sum that stays at the largest or smallest number: a score that is raised never falls.</summary>
    internal static long Sum(long left, long right)
    {
        var sum = unchecked(left + right);
        var isBeyond = ((left ^ sum) & (right ^ sum)) < 0;
        return !isBeyond ? sum : left > 0 ? long.MaxValue : long.MinValue;
    }
}
