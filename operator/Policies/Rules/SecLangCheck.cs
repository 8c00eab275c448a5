using WafOperator.Policies.Compilation;
using WafOperator.Protocols.Policies;
using WafOperator.Resources.Policies;

namespace WafOperator.Policies.Rules;

/// <summary>Parses the inline rule text of a policy and reports what is wrong, with its line.</summary>
internal static class SecLangCheck
{
    public static void Check(RulesSpec spec, IReadOnlyList<RuleSource> sources, List<Finding> findings)
    {
    }
}
