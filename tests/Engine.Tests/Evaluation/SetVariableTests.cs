using System.Globalization;
using System.Text;
using WafOperator.Engine.Actions;
using WafOperator.Engine.Tests.Profiles;

namespace WafOperator.Engine.Tests.Evaluation;

/// <summary>Numbers of <c>setvar</c> stay within what a number holds: a score that is raised never falls.</summary>
public sealed class SetVariableTests
{
    [Theory]
    [InlineData(2, 3, 5)]
    [InlineData(2, -3, -1)]
    [InlineData(long.MaxValue, 1, long.MaxValue)]
    [InlineData(long.MaxValue - 1, long.MaxValue, long.MaxValue)]
    [InlineData(long.MinValue, -1, long.MinValue)]
    [InlineData(long.MinValue, long.MaxValue, -1)]
    public void Sum_StaysAtTheEnds(long left, long right, long expected) =>
        Assert.Equal(expected, SetVariable.Sum(left, right));

    [Fact]
    public void AScore_ThatIsDoubledWithoutEnd_IsStillOverItsThreshold()
    {
        var rules = new StringBuilder("SecAction \"id:1,phase:1,pass,nolog,setvar:tx.score=5\"\n");
        for (var id = 2; id < 80; id++)
        {
            rules.Append(CultureInfo.InvariantCulture,
                $"SecAction \"id:{id},phase:1,pass,nolog,setvar:tx.score=+%{{tx.score}},setvar:tx.score=+1\"\n");
        }

        rules.Append("SecRule TX:score \"@ge 5\" \"id:99,phase:1,deny\"");

        new Profile(rules.ToString()) { Triggered = [99] }.Check();
    }
}
