using System.Text;
using WafOperator.Engine.Compilation;
using WafOperator.Engine.Transformations;
using WafOperator.Engine.Values;

namespace WafOperator.Engine.Tests.Evaluation;

/// <summary>
/// The evaluation skips a function where a value holds none of its trigger bytes: the function must agree.
/// </summary>
public sealed class TransformationTriggerTests
{
    [Fact]
    public void Function_OnValueWithoutItsTriggers_ChangesNothing()
    {
        const int Seed = 20261122;
        var random = new Random(Seed);
        foreach (var function in Transformation.All)
        {
            var triggers = TransformationTree.TriggersOf(function);
            for (var i = 0; i < 3000; i++)
            {
                var value = Generate(random);
                if ((ByteClasses.Sum(value) & triggers) != 0)
                {
                    continue;
                }

                var output = new byte[function.OutputMax(value.Length)];
                Assert.True(function.Apply(value, output) == Transformation.Unchanged,
                    $"{function.Name} changes '{Encoding.Latin1.GetString(value)}' (seed {Seed})");
            }
        }
    }

    [Fact]
    public void LetterCase_IsAllThatCaseFunctionsChange()
    {
        var random = new Random(7);
        foreach (var function in Transformation.All.Where(function => function.KeepsLetters))
        {
            for (var i = 0; i < 1000; i++)
            {
                var value = Generate(random);
                var output = new byte[value.Length];
                var written = function.Apply(value, output);
                Assert.True(written < 0 || WafOperator.Engine.Values.Ascii.EqualsIgnoreCase(value, output.AsSpan(0,
                    written)));
            }
        }
    }

    /// <summary>Short values over few bytes, so that most functions meet values without their triggers.</summary>
    private static byte[] Generate(Random random)
    {
        var alphabet = new byte[random.Next(1, 6)];
        random.NextBytes(alphabet);
        for (var i = 0; i < alphabet.Length; i++)
        {
            if (random.Next(3) > 0)
            {
                alphabet[i] = (byte)random.Next(32, 127);
            }
        }

        var value = new byte[random.Next(1, 24)];
        for (var i = 0; i < value.Length; i++)
        {
            value[i] = alphabet[random.Next(alphabet.Length)];
        }

        return value;
    }
}
