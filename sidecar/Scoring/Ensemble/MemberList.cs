namespace WafOperator.Scoring.Ensemble;

/// <summary>Walks members without a delegate allocation.</summary>
internal static class MemberList
{
    /// <summary>True when one member satisfies the condition.</summary>
    public static bool Any(this Member[] members, ScoringContext context, Func<Member, ScoringContext, bool> condition)
    {
        foreach (var member in members)
        {
            if (condition(member, context)) return true;
        }

        return false;
    }
}
