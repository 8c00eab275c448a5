// Description: writes a variable of ENV, which lives as long as the transaction: setenv. No process environment is
// touched or shown.
// Arguments:   name=value; macros in the value; !name unsets.
// Example:     SecRule REMOTE_ADDR "@ipMatch 10.0.0.0/8" "id:1,phase:1,pass,setenv:internal=1"
using WafOperator.Engine.Program;
using WafOperator.Engine.Values;

namespace WafOperator.Engine.Actions;

/// <inheritdoc/>
internal sealed class SetEnvironment(Macro name, Macro value, bool unset) : RuleAction
{
    public override void Execute(Transaction transaction, CompiledRule rule) => transaction.Work.Environment.Set(
        transaction.Reader.Expand(name),
        unset ? default : new VariableStore.Entry { IsSet = true, Text = transaction.Reader.Expand(value) });
}
