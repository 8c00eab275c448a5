// Description: lets a variable of a persistent collection end (expirevar), or fall with time (deprecatevar).
// Arguments:   expirevar:collection.name=seconds; deprecatevar:collection.name=amount/seconds.
// Example:     SecAction "id:1,phase:5,pass,setvar:ip.hits=+1,expirevar:ip.hits=60"
using WafOperator.Engine.Program;
using WafOperator.Engine.Values;
using WafOperator.Engine.Variables;

namespace WafOperator.Engine.Actions;

/// <inheritdoc/>
internal sealed class ExpireVariable(VariableId collection, Macro name, Macro seconds) : RuleAction
{
    public override void Execute(Transaction transaction, CompiledRule rule)
    {
        var record = transaction.Work.IsTrial ? null : transaction.Records.Find(collection, create: false);
        record?.Expire(
            transaction.Work.Memory[transaction.Reader.Expand(name)], transaction.Reader.ExpandNumber(seconds),
            transaction.Program.Collections.NowMilliseconds);
    }
}

/// <inheritdoc/>
internal sealed class DeprecateVariable(VariableId collection, Macro name, Macro rate) : RuleAction
{
    public override void Execute(Transaction transaction, CompiledRule rule)
    {
        var record = transaction.Work.IsTrial ? null : transaction.Records.Find(collection, create: false);
        var text = transaction.Work.Memory[transaction.Reader.Expand(rate)];
        var slash = text.IndexOf((byte)'/');
        if (record is not null && slash > 0)
        {
            record.Deprecate(
                transaction.Work.Memory[transaction.Reader.Expand(name)], TransactionMemory.ParseNumber(text[..slash]),
                TransactionMemory.ParseNumber(text[(slash + 1)..]), transaction.Program.Collections.NowMilliseconds);
        }
    }
}
