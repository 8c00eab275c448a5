// Description: chooses the record of a persistent collection for this transaction: initcol, setsid, setuid, setrsc. The
// record itself is
//              made when something is written to it.
// Arguments:   initcol:collection=key; setsid:key; macros in the key.
// Example:     SecAction "id:1,phase:1,pass,nolog,initcol:ip=%{REMOTE_ADDR}"
using WafOperator.Engine.Program;
using WafOperator.Engine.Variables;

namespace WafOperator.Engine.Actions;

/// <inheritdoc/>
internal sealed class InitCollection(VariableId collection, Macro key, bool isIdentity) : RuleAction
{
    public override void Execute(Transaction transaction, CompiledRule rule)
    {
        var expanded = transaction.Reader.Expand(key);
        if (expanded.IsEmpty)
        {
            return;
        }

        // A record's name starts with its collection's and the application's, so that keys of one kind never meet those
        // of another.
        var memory = transaction.Work.Memory;
        var mark = memory.Mark();
        memory.Append(VariableNames.Of(collection));
        memory.Append("/"u8);
        memory.Append(transaction.Program.WebAppIdBytes);
        memory.Append("/"u8);
        memory.Extend(expanded);
        transaction.Records.Choose(collection, memory.Since(mark));
        if (isIdentity && collection == VariableId.Session)
        {
            transaction.Records.SessionId = expanded;
        }
        else if (isIdentity && collection == VariableId.User)
        {
            transaction.Records.UserId = expanded;
        }
    }
}
