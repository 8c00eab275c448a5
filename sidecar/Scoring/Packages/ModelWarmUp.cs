using WafOperator.Features;
using WafOperator.OnnxRuntime;

namespace WafOperator.Scoring.Packages;

/// <summary>
/// First calls of a model: the just-in-time compiler, workspaces, and for ONNX Runtime a set of tensors for each padded
/// length. A model that fails here fails on requests as well, and says so there.
/// </summary>
internal static class ModelWarmUp
{
    private const int Rounds = 20;

    /// <summary>One for each length that values are padded to, and one of many windows.</summary>
    private static readonly int[] Lengths = [4, 20, 40, 56, 80, 110, 170, 240, RequestScorer.NetworkBytesMax];

    private static ReadOnlySpan<byte> Text => "' or 1=1 union select name from users where id = 7 -- <b>tea</b> ../"u8;

    public static void Run(ValueModel model)
    {
        var value = new byte[RequestScorer.NetworkBytesMax];
        for (var i = 0; i < value.Length; i++) value[i] = Text[i % Text.Length];
        try
        {
            if (model is RequestModel whole)
            {
                whole.WarmUp();
                return;
            }

            foreach (var length in Lengths)
            {
                // Long ones cost as much as all others together; their code is the same.
                for (var round = 0; round < (length > 240 ? 1 : Rounds); round++)
                {
                    model.Logit(value.AsSpan(0, length), ValueFlags.None);
                    model.FamilyOf(value.AsSpan(0, length), ValueFlags.Percent);
                }
            }
        }
        catch (OrtException)
        {
            // Said by the first request that asks it, as an outcome.
        }
    }
}
