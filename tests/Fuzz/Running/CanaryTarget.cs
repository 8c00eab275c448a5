namespace WafOperator.Fuzz.Running;

/// <summary>A target with a planted mistake. When it is not found, the runner is blind.</summary>
public sealed class CanaryTarget : FuzzTarget
{
    public override string Name => "canary";

    public override byte[] Generate(Random random)
    {
        var input = new byte[random.Next(8)];
        random.NextBytes(input);
        return input;
    }

    public override void Check(byte[] input, Random random) =>
        Require(input.Length < 2 || input[0] != 0x42, "no B at the start");
}
