namespace WafOperator.Engine.Program;

/// <summary>Which comparison a numeric operator makes.</summary>
internal enum NumberRelation : byte
{
    Equal,
    GreaterOrEqual,
    Greater,
    LessOrEqual,
    Less,
}

/// <summary>A comparison with a number.</summary>
internal readonly record struct NumberComparison(NumberRelation Relation, long Right)
{
    public bool Holds(long left) => Relation switch
    {
        NumberRelation.Equal => left == Right,
        NumberRelation.GreaterOrEqual => left >= Right,
        NumberRelation.Greater => left > Right,
        NumberRelation.LessOrEqual => left <= Right,
        _ => left < Right,
    };
}
