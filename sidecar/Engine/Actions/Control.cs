// Description: changes the engine for this transaction: ctl.
// Arguments:   setting=value; see each class.
// Example:     SecRule REQUEST_FILENAME "@beginsWith /upload"
// "id:1,phase:1,pass,ctl:ruleRemoveTargetById=932100;ARGS:text"
using WafOperator.Engine.Program;
using WafOperator.Engine.Variables;
using WafOperator.Http;

namespace WafOperator.Engine.Actions;

/// <summary>ctl:ruleRemoveById, ctl:ruleRemoveByTag, ctl:ruleRemoveByMsg.</summary>
internal sealed class RemoveRules(RuleSet rules) : RuleAction
{
    public override void Execute(Transaction transaction, CompiledRule rule) =>
        transaction.Work.Exclusions.Remove(rules);
}

/// <summary>ctl:ruleRemoveTargetById=id;ARGS:name, …ByTag, …ByMsg.</summary>
internal sealed class RemoveTarget(RuleSet rules, Target target) : RuleAction
{
    public override void Execute(Transaction transaction, CompiledRule rule) =>
        transaction.Work.Exclusions.Remove(rules, target);
}

/// <summary>ctl:ruleEngine=On|Off|DetectionOnly, never beyond the options' ceiling.</summary>
internal sealed class SetMode(EngineMode mode) : RuleAction
{
    public override void Execute(Transaction transaction, CompiledRule rule) => transaction.Work.Mode = mode;
}

/// <summary>ctl:requestBodyProcessor=URLENCODED|MULTIPART|JSON|XML.</summary>
internal sealed class SetBodyProcessor(BodyFormat format) : RuleAction
{
    public override void Execute(Transaction transaction, CompiledRule rule) => transaction.ChooseProcessor(format);
}

/// <summary>ctl:requestBodyAccess and ctl:responseBodyAccess.</summary>
internal sealed class SetBodyAccess(bool isResponse, bool isOn) : RuleAction
{
    public override void Execute(Transaction transaction, CompiledRule rule)
    {
        if (isResponse)
        {
            transaction.WantsResponseBody = isOn;
        }
        else
        {
            transaction.WantsRequestBody = isOn;
        }
    }
}

/// <summary>ctl:auditEngine=Off.</summary>
internal sealed class SetAudit(bool isSilenced) : RuleAction
{
    public override void Execute(Transaction transaction,
        CompiledRule rule) => transaction.IsAuditSilenced = isSilenced;
}

/// <summary>ctl:forceRequestBodyVariable=On.</summary>
internal sealed class ForceBody : RuleAction
{
    public override void Execute(Transaction transaction, CompiledRule rule) => transaction.ForceBody();
}
