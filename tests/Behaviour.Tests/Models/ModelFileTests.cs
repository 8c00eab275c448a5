using System.Buffers.Binary;
using WafOperator.Behaviour.Features;
using WafOperator.Behaviour.Models;

namespace WafOperator.Behaviour.Tests.Models;

public sealed class ModelFileTests
{
    private static readonly FeaturePlan Two = FeaturePlan.Of(["rate_1m", "seq_routes"], out _)!;

    [Fact]
    public void Forest_AveragesPathLengths()
    {
        var model = IsolationForest.Read(TwoTrees(), Two, out var error);

        Assert.Null(error);
        // Tree 1 cuts the first feature at 1: 2 or 6 steps. Tree 2 is a leaf of 4.
        Assert.Equal(Math.Pow(2, -(2 + 4) / 2.0 / 8), model!.Score([1, 0]), 6);
        Assert.Equal(Math.Pow(2, -(6 + 4) / 2.0 / 8), model.Score([1.5f, 0]), 6);
    }

    [Fact]
    public void Dense_ScalesRectifiesAndGivesLogOdds()
    {
        // Means 1 and 0, scales 2 and 1; one hidden unit x - y; logits 0 and 3h - 1.
        var model = DenseNetwork.Read(
            File("WAFDNS1\n", 2, 1f, 0f, 2f, 1f, 2, 1, 1f, -1f, 0f, 2, 0f, 3f, 0f, -1f), Two, out var error);

        Assert.Null(error);
        Assert.Equal(2, model!.Classes);
        Assert.Equal(5, model.Score([2, 0]), 5);
        Assert.Equal(-1, model.Score([1, 9]), 5);
        Assert.Equal(23, model.Score([1e9f, 0]), 5);
    }

    [Fact]
    public void Files_CutOrChangedAnywhere_AreRefused_AndNothingLoops()
    {
        foreach (var whole in new[] { TwoTrees(), File("WAFDNS1\n", 2, 1f, 0f, 2f, 1f, 1, 2, 1f, 2f, 3f, 4f, 0f, 0f) })
        {
            Assert.NotNull(Read(whole));
            for (var length = 0; length < whole.Length; length++) Assert.Null(Read(whole[..length]));
            Assert.Null(Read([.. whole, 0]));
            for (var at = 0; at < whole.Length; at++)
            {
                for (var bit = 0; bit < 8; bit++)
                {
                    var changed = whole.ToArray();
                    changed[at] ^= (byte)(1 << bit);
                    // Whatever is accepted ends: children lie behind their parents.
                    var model = Read(changed);
                    model?.Score([1, 2]);
                    if (at < 8) Assert.Null(model);
                }
            }
        }
    }

    [Fact]
    public void FeatureList_OfAnotherCatalogue_IsRefused()
    {
        Assert.Equal("rate_1m", FeatureList.Read("""{"catalogue":1,"features":["rate_1m"]}"""u8, out _)!.Single());
        foreach (var json in new[] { "", "{}", "[]", "null", """{"catalogue":2,"features":["rate_1m"]}""",
            """{"catalogue":1,"features":[]}""", """{"catalogue":1,"features":"x"}""" })
        {
            Assert.Null(FeatureList.Read(System.Text.Encoding.UTF8.GetBytes(json), out var error));
            Assert.NotNull(error);
        }
    }

    private static BehaviourModel? Read(byte[] file) =>
        (BehaviourModel?)IsolationForest.Read(file, Two, out _) ?? DenseNetwork.Read(file, Two, out _);

    private static byte[] TwoTrees() => File(
        "WAFFOR1\n", 2, 8f,
        3, (short)0, 1f, 1, 2, (short)-1, 2f, 0, 0, (short)-1, 6f, 0, 0,
        1, (short)-1, 4f, 0, 0);

    private static byte[] File(string magic, params object[] numbers)
    {
        var bytes = new List<byte>(System.Text.Encoding.ASCII.GetBytes(magic));
        foreach (var number in numbers)
        {
            var buffer = new byte[4];
            switch (number)
            {
                case int value: BinaryPrimitives.WriteInt32LittleEndian(buffer, value); break;
                case float value: BinaryPrimitives.WriteSingleLittleEndian(buffer, value); break;
                case short value:
                    buffer = new byte[2];
                    BinaryPrimitives.WriteInt16LittleEndian(buffer, value);
                    break;
            }

            bytes.AddRange(buffer);
        }

        return [.. bytes];
    }
}
