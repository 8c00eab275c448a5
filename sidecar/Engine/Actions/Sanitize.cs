// Description: keeps a value out of logs and events: sanitiseArg, sanitiseRequestHeader, sanitiseResponseHeader,
// sanitiseMatched.
// Arguments:   the name of the argument or header; none for sanitiseMatched.
// Example:     SecAction "id:1,phase:1,pass,nolog,sanitiseArg:password"
using WafOperator.Engine.Program;

namespace WafOperator.Engine.Actions;

/// <inheritdoc/>
internal sealed class Sanitize(string? name) : RuleAction
{
    public override void Execute(Transaction transaction, CompiledRule rule)
    {
        if (name is not null)
        {
            transaction.Report.Sanitize(name);
            return;
        }

        for (var i = 0; i < transaction.Work.Matched.Count; i++)
        {
            transaction.Report.Sanitize(System.Text.Encoding.UTF8.GetString(
                transaction.Work.Memory[transaction.Work.Matched[i].Value.Name]));
        }
    }
}
