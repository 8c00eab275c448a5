using WafOperator.Policies.Compilation;
using WafOperator.Protocols.Policies;
using WafOperator.Resources.Exclusions;
using WafOperator.Resources.Policies;

namespace WafOperator.Policies.Tests;

/// <summary>Words of the API have the same words in the policy document, whatever their numbers are.</summary>
public sealed class ByNameTests
{
    private enum Levels { High = 7, Low = 0 }

    private enum Grades { Low = 3, Middle = 4, High = 0 }

    public static TheoryData<Type, Type> Pairs => new()
    {
        { typeof(EnsembleMode), typeof(EnsembleKind) },
        { typeof(RiskAction), typeof(RiskActionKind) },
        { typeof(LearningMode), typeof(LearningKind) },
        { typeof(DecisionMode), typeof(DecisionKind) },
        { typeof(RequestPartKind), typeof(PartKind) },
        { typeof(RateLimitKey), typeof(RateLimitKeyKind) },
        { typeof(BehaviourAction), typeof(BehaviourActionKind) },
        { typeof(BodyInspectionMode), typeof(BodyInspectionKind) },
        { typeof(BodyOverLimit), typeof(BodyOverLimitOutcome) },
        { typeof(UninspectedAction), typeof(UninspectedOutcome) },
        { typeof(LogLevelSpec), typeof(DecisionLogLevel) },
    };

    [Theory, MemberData(nameof(Pairs))]
    public void EveryWordOfTheApi_HasOneInTheDocument(Type api, Type document) =>
        Assert.Empty(Enum.GetNames(api).Except(Enum.GetNames(document)));

    [Fact]
    public void Names_Count_AndNumbersDoNot()
    {
        Assert.Equal(Grades.High, ByName.Of<Grades>(Levels.High));
        Assert.Equal(Grades.Low, ByName.Of<Grades>(Levels.Low));
        Assert.Throws<ArgumentException>(() => ByName.Of<Levels>(Grades.Middle));
    }
}
